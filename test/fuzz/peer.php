<?php
// The other side of the comparison with PHP itself: a job on each line of standard input, `name base64`, and an answer
// in base64 on each line of standard output; an empty line where unserialize() refuses.

error_reporting(E_ALL & ~E_DEPRECATED & ~E_NOTICE & ~E_WARNING);
ini_set('display_errors', 'stderr');
ini_set('precision', '14');
ini_set('serialize_precision', '-1');

enum Suit: string { case Clubs = 'C'; case Hearts = 'H'; case Spades = 'S'; }

class Money {
    public $amount;
    protected $currency = 'EUR';
    private $note = 'x';
    public function __construct($amount) { $this->amount = $amount; }
}

class Coin extends Money { private $note = 'y'; }

class Bag {
    public $inside;
    public function __serialize(): array { return ['size' => 1, 7 => $this->inside]; }
    public function __unserialize(array $data): void { $this->inside = $data[7]; }
}

class Legacy implements Serializable {
    public $data;
    public function serialize() { return $this->data; }
    public function unserialize($data) { $this->data = $data; }
}

// Takes places among those that references point at: nested serialize() counts on.
class Nested implements Serializable {
    public $data;
    public function serialize() { return serialize($this->data); }
    public function unserialize($data) { $this->data = unserialize($data); }
}

function bytes(int $length): string {
    $bytes = '';
    while ($length-- > 0) $bytes .= chr(mt_rand(0, 255));
    return $bytes;
}

function number(): float {
    return mt_rand(0, 1) ? unpack('d', bytes(8))[1] : mt_rand(-1000000, 1000000) * 10.0 ** mt_rand(-20, 20);
}

// A value by chance; $places collects variables by reference, to be pointed at again.
function grow(array &$places, int $depth, bool $withReferences = true) {
    $kind = mt_rand(0, $depth > 5 ? 6 : 14);
    if ($kind < 7) return [null, true, mt_rand(-100, 100), unpack('q', bytes(8))[1], number(), bytes(mt_rand(0, 12)), Suit::Hearts][$kind];
    if ($kind === 7) return count($places) ? $places[mt_rand(0, count($places) - 1)] : 0;
    if ($kind === 8 || $kind === 9) $value = [];
    elseif ($kind === 10) $value = new stdClass();
    elseif ($kind === 11) return new Money(grow($places, $depth + 1, $withReferences));
    elseif ($kind === 12) return new Coin(grow($places, $depth + 1, $withReferences));
    elseif ($kind === 13) {
        $value = new Bag();
        $places[] = $value;
        $value->inside = grow($places, $depth + 1, $withReferences);
        return $value;
    } else {
        $value = mt_rand(0, 1) ? new Legacy() : new Nested();
        $value->data = $value instanceof Legacy ? bytes(mt_rand(0, 9)) : grow($places, $depth + 1, $withReferences);
        $places[] = $value;
        return $value;
    }
    if (is_object($value)) $places[] = $value;
    for ($size = mt_rand(0, 5); $size > 0; $size--) {
        $key = mt_rand(0, 2) ? mt_rand(-3, 9) : 'k' . bytes(mt_rand(0, 3));
        $item = grow($places, $depth + 1, $withReferences);
        if (is_array($value)) {
            if (mt_rand(0, 3) || !$withReferences) $value[$key] = $item;
            else { $shared = $item; $value[$key] = &$shared; $value['again' . $key] = &$shared; unset($shared); }
        } else {
            $value->{$key} = $item;
            if (!mt_rand(0, 3) && $withReferences) $value->{'again' . $key} = &$value->{$key};
        }
    }
    if (is_array($value) && mt_rand(0, 1)) $places[] = $value;
    return $value;
}

// Without its classes, PHP keeps what is written of an object.
function read(string $bytes, bool $withClasses = true): ?string {
    try {
        $value = unserialize($bytes, ['allowed_classes' => $withClasses]);
    } catch (Throwable) {
        return null;
    }
    return $value === false && $bytes !== 'b:0;' ? null : serialize($value);
}

// What another serializer reads, in PHP's own; null where it refuses.
function inPhp(callable $unserialize, string $bytes): ?string {
    try {
        return serialize($unserialize($bytes));
    } catch (Throwable) {
        return null;
    }
}

function text(float $float): string {
    $short = (string) $float;
    if (is_numeric($short) && bin2hex(pack('E', (float) $short)) === bin2hex(pack('E', $float))) return $short;
    ini_set('precision', '-1');
    $long = (string) $float;
    ini_set('precision', '14');
    return $long;
}

function generated(string $seed, bool $withReferences = true) {
    mt_srand((int) $seed);
    $places = [];
    return grow($places, 0, $withReferences);
}

// As Laravel's RedisStore decides.
function stored($value) {
    return is_numeric($value) && ! in_array($value, [INF, -INF]) && ! is_nan($value) ? $value : serialize($value);
}

while (($line = fgets(STDIN)) !== false) {
    [$job, $argument] = explode(' ', rtrim($line, "\n"));
    $argument = base64_decode($argument);
    $answer = match ($job) {
        'reserialize' => read($argument),
        'reserializeClassless' => read($argument, false),
        'serializeFloat' => serialize(unpack('E', $argument)[1]),
        'floatText' => text(unpack('E', $argument)[1]),
        'isNumeric' => is_numeric($argument) ? 'yes' : 'no',
        'store' => stored($argument),
        'generate' => serialize(generated($argument)),
        'generateWithoutReferences' => serialize(generated($argument, false)),
        'generateIgbinary' => igbinary_serialize(generated($argument)),
        'generateMsgpack' => msgpack_pack(generated($argument, false)),
        'igbinaryToPhp' => inPhp('igbinary_unserialize', $argument),
        'msgpackToPhp' => inPhp('msgpack_unpack', $argument),
        'phpToIgbinary' => igbinary_serialize(unserialize($argument)),
        'phpToMsgpack' => msgpack_pack(unserialize($argument)),
    };
    echo base64_encode((string) $answer), "\n";
}
