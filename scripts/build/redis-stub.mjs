import { createServer } from 'node:net';

/** Answers as a Redis with one string in it would, so that a build, which has no server, can run commands. Gives its port. */
export async function startRedisStub() {
  const server = createServer((socket) => {
    socket.on('data', (data) => {
      for (const [, name] of data.toString('latin1').matchAll(/\*\d+\r\n\$\d+\r\n([A-Za-z]+)\r\n/g)) {
        socket.write(REPLIES[name.toUpperCase()] ?? '+OK\r\n');
      }
    });
    socket.on('error', () => {
      // Clients leave without a word.
    });
  });
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return server.address().port;
}

const REPLIES = {
  GET: '$12\r\ns:5:"value";\r\n',
  PTTL: ':60000\r\n',
  UNLINK: ':1\r\n',
  EVAL: ':1\r\n',
  EVALSHA: ':1\r\n',
};
