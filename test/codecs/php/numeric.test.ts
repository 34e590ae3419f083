import { expect } from 'chai';

import { floatText, isNumeric, serializedFloat } from '../../../src/codecs/php/numeric.js';

describe("PHP's numbers", () => {
  describe('is_numeric', () => {
    const taken = ['0', '42', '-7', '+5', '0123', '1.5', '.5', '5.', '-.5', '1e3', '1E+3', '5.e3', '1e999', ' 5', '5 '];
    for (const text of [...taken, ' \t\n\r\v\f5 \t\n\r\v\f', '9'.repeat(100_000)]) {
      it(`accepts ${JSON.stringify(text.slice(0, 30))}`, () => expect(isNumeric(Buffer.from(text))).to.be.true);
    }

    const refused = ['', ' ', '.', '-', '+', 'e3', '.e3', '1e', '1e+', '1.2.3', '1e3.5', '0x1A', '1_000', '1,5', '--5'];
    for (const text of [...refused, '- 5', '5 5', '5\0', '\u00005', '5\u00A0', 'INF', 'NAN', '٣']) {
      it(`refuses ${JSON.stringify(text)}`, () => expect(isNumeric(Buffer.from(text))).to.be.false);
    }
  });

  describe('floats', () => {
    const spellings: ReadonlyArray<readonly [value: number, asText: string, serialized: string]> = [
      [3, '3', '3'],
      [-0, '-0', '-0'],
      [3.14, '3.14', '3.14'],
      [0.0001, '0.0001', '0.0001'],
      [0.000_01, '1.0E-5', '1.0E-5'],
      [-1.5e-10, '-1.5E-10', '-1.5E-10'],
      [1e14, '1.0E+14', '100000000000000'],
      [1e15, '1.0E+15', '1000000000000000'],
      [1e17, '1.0E+17', '1.0E+17'],
      [1e25, '1.0E+25', '1.0E+25'],
      [1.797_693_134_862_315_7e308, '1.7976931348623157E+308', '1.7976931348623157E+308'],
      [0.1 + 0.2, '0.30000000000000004', '0.30000000000000004'],
      [Infinity, 'INF', 'INF'],
      [-Infinity, '-INF', '-INF'],
      [Number.NaN, 'NAN', 'NAN'],
    ];
    for (const [value, asText, serialized] of spellings) {
      it(`${Object.is(value, -0) ? '-0' : value}: ${asText} as text, ${serialized} serialized`, () => {
        expect(floatText(value)).to.equal(asText);
        expect(serializedFloat(value)).to.equal(serialized);
      });
    }
  });
});
