import pytest

from aoba.modbus.pdu import pack_bits, unpack_bits


def naive_pack(bits):
    data = bytearray((len(bits) + 7) // 8)
    for i, bit in enumerate(bits):
        data[i // 8] |= bit << i % 8
    return bytes(data)


def bit_pattern(size):
    """A different pattern for each size, with both values at both ends in the long run."""
    return bytes((i * i + size) // 3 % 2 for i in range(size))


def test_bits_of_every_size_are_packed_as_the_naive_way():
    for size in range(1, 2001):
        bits = bit_pattern(size)
        packed = naive_pack(bits)
        assert pack_bits(bits) == packed
        assert unpack_bits(packed, size) == bits


@pytest.mark.parametrize("size", [1, 7, 8, 9, 1968, 2000])
def test_all_set_and_none_set(size):
    ones, zeros = b"\x01" * size, b"\x00" * size

    assert pack_bits(ones) == (2**size - 1).to_bytes((size + 7) // 8, "little")
    assert unpack_bits(pack_bits(ones), size) == ones
    assert pack_bits(zeros) == bytes((size + 7) // 8)
    assert unpack_bits(pack_bits(zeros), size) == zeros


def test_padding_is_zero_going_out_and_ignored_coming_in():
    assert pack_bits(b"\x01" * 3) == b"\x07"
    assert unpack_bits(b"\xff", 3) == b"\x01" * 3
