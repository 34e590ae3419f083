import { expect } from 'chai';

import { wrap, wrapMessage } from '../../src/terminal/wrap.js';

const TERMINAL = { isTTY: true, columns: 40 };

function lines(text: string): string[] {
  return wrapMessage(`  ${text}`, TERMINAL).split('\n');
}

describe('wrapped text', () => {
  it('breaks at spaces, with an indent after the first line, and keeps long words and line breaks', () => {
    expect(wrap('one two three four\nfive', 9, 2)).to.equal('one two\n  three\n  four\nfive');
    expect(wrap('a https://example.org/long', 10)).to.equal('a\nhttps://example.org/long');
  });

  it('hangs under the text of a label, and a hint under its own beginning', () => {
    const message =
      'error: the server at 127.0.0.1:6379 did not answer within 5 s\n  Check that it is running and can be reached.';
    expect(wrapMessage(message, TERMINAL).split('\n')).to.deep.equal([
      'error: the server at 127.0.0.1:6379 did',
      '       not answer within 5 s',
      '  Check that it is running and can be',
      '  reached.',
    ]);
    const coloured = message.replace('error:', '\u001B[31merror:\u001B[39m');
    expect(wrapMessage(coloured, TERMINAL).split('\n')[1]).to.equal('       not answer within 5 s');
    expect(wrapMessage('released the lock deploy, which had expired', TERMINAL)).to.equal(
      'released the lock deploy, which had\n  expired',
    );
  });

  it('keeps a command to copy on one line', () => {
    expect(lines('Some slots have no node. To check: redis-cli --cluster check HOST:PORT')).to.deep.equal([
      '  Some slots have no node. To check:',
      '  redis-cli --cluster check HOST:PORT',
    ]);
    expect(lines('Look at the lock with `cachectl lock:show deploy`.')).to.deep.equal([
      '  Look at the lock with',
      '  `cachectl lock:show deploy`.',
    ]);
    expect(lines('Wait until it is done, or use --timeout 30s to wait')).to.deep.equal([
      '  Wait until it is done, or use',
      '  --timeout 30s to wait',
    ]);
    const long = 'cachectl events:tail --source notifications --json';
    expect(lines(`Hits are not seen there. Use: ${long}`)).to.deep.equal([
      '  Hits are not seen there. Use:',
      `  ${long}`,
    ]);
  });

  it('is 80 columns wide where the terminal does not say, and never wraps in a pipe', () => {
    const text = 'word '.repeat(30).trim();
    expect(wrapMessage(text, { isTTY: true, columns: 0 }).split('\n')[0]).to.have.lengthOf(79);
    expect(wrapMessage(text, { columns: 80 })).to.equal(text);
  });
});
