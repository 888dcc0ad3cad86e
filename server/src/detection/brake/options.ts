import { type Static, Type } from 'typebox'

/** When a source of convictions is stopped by itself (design, 6: *the brake*; lesson #65). */
export const BrakeOptions = Type.Object(
  {
    senders: Type.Integer({
      minimum: 0,
      maximum: 10_000,
      default: 5,
      description:
        'A feed, signal or entry that keeps the mail of so many senders out of the Inbox who are proven and have written to the same people for a week and longer is told to SecOps; 0 = none ever is.',
    }),
    share: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.2,
      description: 'It is suspended where they are at least this part of them and of all domains whose mail was clean.',
    }),
    minutes: Type.Integer({ minimum: 1, maximum: 10_080, default: 120, description: 'Within so long.' }),
    entries: Type.Enum(['tell', 'suspend'], {
      default: 'tell',
      description: 'Entries that people have made are told, or taken off the list too.',
    }),
  },
  { additionalProperties: false },
)
export type BrakeOptions = Static<typeof BrakeOptions>
