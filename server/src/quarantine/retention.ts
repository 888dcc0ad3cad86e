/** However often the expiry is moved: so many days after it was held a copy is gone. */
export const LONGEST_DAYS = 90
