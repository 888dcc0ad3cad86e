export { createFeeds, type Feeds, type FeedsDeps, NO_FEEDS, unpackFeeds } from './feeds.ts'
export { feedsListing, LISTED_KINDS } from './listed.ts'
export { CONFIDENCES, FEED_KINDS, FeedFile, FeedOptions } from './options.ts'
export type * from './types.ts'
