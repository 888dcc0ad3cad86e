import Type from 'typebox'

/** An id in a request: what has passed it is one of that brand, as far as its form goes. Whether there is such a thing is asked afterwards. */
export const Uuid = <T extends string = string>() => Type.Unsafe<T>({ type: 'string', format: 'uuid' })
