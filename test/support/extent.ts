/** Whether to run every case. Otherwise the suite runs a part of the longest ones, to end within minutes. */
export const RUNS_ALL = process.env.CACHECTL_TESTS === 'all';
