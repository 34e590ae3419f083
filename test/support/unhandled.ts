/** An unhandled rejection ends a program, so it must fail a test, also in a worker of mocha. */
process.on('unhandledRejection', (reason) => {
  throw reason;
});
