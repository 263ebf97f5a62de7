# SPDX-License-Identifier: BSD-3-Clause
"""AES (FIPS 197), counter mode and GCM (NIST SP 800-38A and 38D), written for clarity: slow, and
dependent on nothing."""


def _make_sbox():
    """FIPS 197, section 5.1.1: the inverse in GF(2^8), then an affine map."""
    inverse = [0] * 256
    power, log = [0] * 256, [0] * 256
    value = 1
    for exponent in range(255):
        power[exponent], log[value] = value, exponent
        value ^= (value << 1) ^ (0x11b if value & 0x80 else 0)  # times 3
        value &= 0xff
    for byte in range(1, 256):
        inverse[byte] = power[(255 - log[byte]) % 255]
    box = []
    for byte in inverse:
        turned = byte
        for shift in range(1, 5):
            turned ^= (byte << shift | byte >> (8 - shift)) & 0xff
        box.append(turned ^ 0x63)
    return box


SBOX = _make_sbox()


def _double(byte):
    return ((byte << 1) ^ (0x1b if byte & 0x80 else 0)) & 0xff


def expand_key(key):
    """Section 5.2: the round keys, 16 bytes each."""
    words = [list(key[i:i + 4]) for i in range(0, len(key), 4)]
    count = len(words)
    round_constant = 1
    while len(words) < 4 * (count + 7):
        word = list(words[-1])
        if len(words) % count == 0:
            word = [SBOX[byte] for byte in word[1:] + word[:1]]
            word[0] ^= round_constant
            round_constant = _double(round_constant)
        elif count == 8 and len(words) % count == 4:
            word = [SBOX[byte] for byte in word]
        words.append([a ^ b for a, b in zip(word, words[-count])])
    return [sum(words[i:i + 4], []) for i in range(0, len(words), 4)]


def encrypt_block(round_keys, block):
    """Section 5.1."""
    state = [a ^ b for a, b in zip(block, round_keys[0])]
    for number, round_key in enumerate(round_keys[1:], 1):
        state = [SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if number < len(round_keys) - 1:
            mixed = []
            for column in range(0, 16, 4):
                part = state[column:column + 4]
                every = part[0] ^ part[1] ^ part[2] ^ part[3]
                mixed += [part[i] ^ every ^ _double(part[i] ^ part[(i + 1) % 4]) for i in range(4)]
            state = mixed
        state = [a ^ b for a, b in zip(state, round_key)]
    return bytes(state)


def ctr(key, counter_block, data):
    """Counter mode with a 32-bit block counter in the last four bytes."""
    round_keys = expand_key(key)
    prefix, counter = counter_block[:12], int.from_bytes(counter_block[12:], "big")
    out = bytearray()
    for start in range(0, len(data), 16):
        stream = encrypt_block(round_keys, prefix + (counter & 0xffffffff).to_bytes(4, "big"))
        out += bytes(a ^ b for a, b in zip(data[start:start + 16], stream))
        counter += 1
    return bytes(out)


def _multiply(x, y):
    """In GF(2^128), SP 800-38D section 6.3."""
    product = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            product ^= y
        y = y >> 1 ^ (0xe1 << 120 if y & 1 else 0)
    return product


def gcm_seal(key, nonce, data, aad):
    """Returns the ciphertext and its 16-byte tag; the nonce is 12 bytes."""
    sealed = ctr(key, nonce + b"\0\0\0\2", data)
    hash_key = int.from_bytes(encrypt_block(expand_key(key), bytes(16)), "big")
    total = 0
    for part in (aad, sealed):
        for start in range(0, len(part), 16):
            block = part[start:start + 16].ljust(16, b"\0")
            total = _multiply(total ^ int.from_bytes(block, "big"), hash_key)
    lengths = (8 * len(aad)) << 64 | 8 * len(sealed)
    total = _multiply(total ^ lengths, hash_key)
    mask = encrypt_block(expand_key(key), nonce + b"\0\0\0\1")
    return sealed, bytes(a ^ b for a, b in zip(total.to_bytes(16, "big"), mask))
