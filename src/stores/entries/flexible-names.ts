/** Before the key of an entry that Laravel's `flexible()` put: the entry that holds when that was made, a Unix time. */
export const CREATED_HEAD = 'illuminate:cache:flexible:created:';
