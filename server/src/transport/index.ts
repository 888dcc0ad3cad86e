export { createGateway, type GatewayDeps } from './gateway.ts'
export { createNetworks } from './limits.ts'
export { hopFailure } from './mailbox-hop.ts'
export {
  createNextHop,
  type HandOver,
  type HopRecipient,
  type HopResult,
  type NextHop,
  type NextHopOptions,
} from './next-hop.ts'
export { parseAddress } from './path.ts'
export { isSuccess, OK, reply, TRY_LATER } from './reply.ts'
export { buildSent, forSmtp, type PrefixFacts, placementIn, type Sent, sentPrefix } from './sent.ts'
export type * from './types.ts'
