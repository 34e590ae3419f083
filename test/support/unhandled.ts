/** A promise that is rejected with nobody to hear it ends a program; so it fails a test, also in a worker of mocha's. */
process.on('unhandledRejection', (reason) => {
  throw reason;
});
