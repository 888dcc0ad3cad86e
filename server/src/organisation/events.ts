declare module '../storage/types.ts' {
  interface Events {
    'organisation.changed': { readonly version: number }
    'policies.changed': { readonly version: number }
    'retention.changed': { readonly version: number }
    'policy.changed': { readonly version: number }
  }
}

export {}
