"""The stand-alone verifier's own arithmetic against published vectors, and that it really stands alone."""

import ast
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import seal_notes
from ledger.exports import verify_seal

# RFC 8032, section 7.1, tests 1 to 3: public key, message, signature.
ED25519 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
        "655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
        "b00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
        "c027beceea1ec40a",
    ),
]
# The tree of the certificate-transparency project's own tests: leaves, and the root over the first n of them.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize(("public", "message", "signature"), ED25519)
def test_signatures_of_the_standard_are_accepted_and_their_neighbours_refused(public, message, signature):
    key, text, signed = (bytes.fromhex(value) for value in (public, message, signature))
    assert verify_seal.is_signed(key, text, signed)
    assert not verify_seal.is_signed(key, text + b"x", signed)
    for place in (0, 31, 32, 63):
        other = bytearray(signed)
        other[place] ^= 1
        assert not verify_seal.is_signed(key, text, bytes(other))
    assert not verify_seal.is_signed(bytes.fromhex(ED25519[0][0])[::-1], text, signed)


def test_a_signature_that_was_stretched_by_the_group_order_is_refused():
    key, text, signed = (bytes.fromhex(value) for value in ED25519[0])
    s = int.from_bytes(signed[32:], "little") + verify_seal.Q
    assert not verify_seal.is_signed(key, text, signed[:32] + s.to_bytes(32, "little"))


def test_it_agrees_with_the_library_that_signs():
    for seed in range(8):
        private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        message = bytes(range(seed * 7))
        public = private.public_key().public_bytes_raw()
        assert verify_seal.is_signed(public, message, private.sign(message))
        assert not verify_seal.is_signed(public, message + b"\0", private.sign(message))


@pytest.mark.parametrize("count", range(1, 9))
def test_merkle_roots_are_those_of_certificate_transparency(count):
    assert verify_seal.merkle([bytes.fromhex(leaf) for leaf in LEAVES[:count]]).hex() == ROOTS[count - 1]


def test_no_two_lists_of_fields_have_the_same_bytes():
    lists = [
        ["a", "b"],
        ["ab"],
        ["ab", ""],
        ["", "ab"],
        ["a", None],
        ["a", "", ""],
        [None, "a"],
        ["a"],
        ["ä"],
        ["ä", None],
    ]
    assert len({verify_seal.packed(fields) for fields in lists}) == len(lists)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("1", 10**18), ("-0.5", -5 * 10**17), ("12.000000000000000001", 12 * 10**18 + 1), ("-3", -3 * 10**18)],
)
def test_amounts_become_whole_numbers(text, expected):
    assert verify_seal.units(text) == expected


def test_it_stands_alone_and_runs_on_python_3_9():
    tree = ast.parse(Path(verify_seal.__file__).read_text(), feature_version=(3, 9))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names)


def note(**changes):
    values = {"origin": "office.test", "serial": 3, "previous": "ab" * 32, "made": "2026-11-20T10:00:00.000000Z"}
    return seal_notes.Note(**{**values, "sealed": 12, "head": "cd" * 32, "day": "none", **changes})


def test_a_checkpoint_reads_the_same_in_both_programs():
    body = note().body
    key, signature = seal_notes.sign(body)
    text = seal_notes.text(body, key, signature)
    assert seal_notes.split(text) == (body, key, signature)
    assert seal_notes.read(body) == note()
    found = verify_seal.checkpoint(text)
    assert (found["serial"], found["sealed"], found["head"]) == (3, 12, "cd" * 32)
    assert verify_seal.is_signed(seal_notes.public_keys()[key], body.encode(), signature)
    assert seal_notes.is_signed(body, key, signature)
    assert not seal_notes.is_signed(note(sealed=13).body, key, signature)
    assert not seal_notes.is_signed(body, "0" * 16, signature)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t + "x",
        lambda t: t.replace("serial", "seriel"),
        lambda t: t[:-9],
        str.upper,
        lambda t: t.replace("origin: office.test\n", ""),
        lambda t: t.replace("day:", "serial: 3\nday:"),
        lambda t: t.replace("serial: 3", "serial: 03"),
        lambda t: t.replace("day: none", "day: none\nnote: more"),
        lambda t: t.replace("wherewithal checkpoint 1", "wherewithal checkpoint 2"),
    ],
)
def test_what_is_no_checkpoint_is_refused_by_both(spoil):
    body = note().body
    text = spoil(seal_notes.text(body, *seal_notes.sign(body)))
    with pytest.raises((ValueError, KeyError)):
        verify_seal.checkpoint(text)
    assert not believed(text)


def believed(text):
    try:
        body, key, signature = seal_notes.split(text)
        seal_notes.read(body)
    except ValueError:
        return False
    return seal_notes.is_signed(body, key, signature)


@pytest.mark.parametrize("body", ["", "garbage", "\n\n", "a\norigin: x\n", "a\nfoot: 1\nserial: 2\n"])
def test_reading_what_is_no_checkpoint_raises_what_it_says(body):
    with pytest.raises(ValueError, match=r"checkpoint|dictionary"):
        seal_notes.read(body)


def test_after_a_change_of_key_the_former_one_still_counts(settings):
    body = note().body
    key, signature = seal_notes.sign(body)
    former = seal_notes.public_keys()[key].hex()
    settings.SEAL = {**settings.SEAL, "key": "5a" * 31 + "01"}
    assert not seal_notes.is_signed(body, key, signature)
    settings.SEAL = {**settings.SEAL, "former_public_keys": [former]}
    assert seal_notes.is_signed(body, key, signature)
    assert seal_notes.sign(body)[0] != key
