/** Why the place that a profile names may not be what it should be. */
export interface PlaceDoubt {
  /**
   * `absent`: nothing is there to read, so a path or name may be mistyped. `unmade`: the same where nothing creates it ahead
   * of the first write, so that it is usual in a new cache. `foreign`: something else than a cache is there.
   */
  readonly kind: 'absent' | 'foreign' | 'unmade';
  readonly message: string;
  readonly hint: string;
}
