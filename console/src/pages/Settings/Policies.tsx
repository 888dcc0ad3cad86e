import { DefaultPolicy } from './DefaultPolicy.tsx'
import { OwnPolicies } from './OwnPolicies.tsx'

/** Policies for some recipients in the order in which they are asked, then the one for everybody. */
export const Policies = () => (
  <>
    <OwnPolicies />
    <DefaultPolicy />
  </>
)
