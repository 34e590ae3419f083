// `cachectl/testing`: the contract suite, for mocha. Needs chai.
export type { CustomProfile, DriverOption, Profile } from '../profiles/profile.js';
export { driverHarness, type DriverUnderTest } from './driver-harness.js';
export { ABILITIES, type Ability, type StoreHarness, type StoreOptions } from './harness.js';
export { describeStore } from './suite.js';
export { all, failure, textOf, until } from './suite/stores.js';
