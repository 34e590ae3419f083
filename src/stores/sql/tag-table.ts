/**
 * The tag table of `cache`, Laravel's default. Each cache table has its own. Earlier versions kept the tags of all caches of
 * an SQLite file in this one, so a flush of one lost the tags of the others.
 */
export const SHARED_TAGS = 'cachectl_tags';

/** The name of the tag table of a cache table. SQLite's names are case-insensitive, and MySQL's may be. */
export function tagsTableOf(cacheTable: string): string {
  return cacheTable.toLowerCase() === 'cache' ? SHARED_TAGS : `${cacheTable}_cachectl_tags`;
}
