/** The prefix of the entry that holds the creation time (Unix time) of a Laravel `flexible()` entry. */
export const CREATED_HEAD = 'illuminate:cache:flexible:created:';
