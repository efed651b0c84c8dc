"""Events as exact bytes: written by RFC 8785, read strictly."""

from __future__ import annotations

import enum
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from sopti_runner.domain.ids import uuid7
from sopti_runner.domain.ledger.encoding import canonical, encode, place, utc_text
from sopti_runner.domain.ledger.event import (
    MAX_BODY_BYTES,
    ZERO_LEAF,
    Actor,
    Claim,
    Draft,
    blob_digest,
    claims_of,
    erased_by,
    leaf_hash,
    objects_of,
    parse,
    seal_blob,
)
from sopti_runner.errors import IntegrityError, SoptiError
from tests.fakes import ORIGIN, START, Drafts

PLACE = {"log": ORIGIN, "seq": 3, "prev": bytes(range(32)), "time": START, "boot": "b-1", "mono": 2**53 - 1}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
INTEGER = st.integers(-(2**53) + 1, 2**53 - 1)
SCALAR = st.none() | st.booleans() | INTEGER | TEXT
JSON = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)


def body_with(**changes):
    value = json.loads(encode(Drafts()(), **PLACE))
    for key, change in changes.items():
        if change is ...:
            del value[key]
        else:
            value[key] = change
    return json.dumps(value).encode()


def why(body):
    with pytest.raises(IntegrityError) as error:
        parse(body, seq=3)
    assert error.value.on == "seq 3"
    assert "3" in str(error.value)
    return error.value.fields["why"]


@given(JSON)
def test_canonical_any_value_is_what_rfc8785_writes(value):
    assert canonical(value) == rfc8785.dumps(value)


@given(st.dictionaries(TEXT, JSON, max_size=4))
def test_event_any_data_comes_back_the_same(data):
    data.pop("claims", None)
    event = place(Drafts()(data=data), **PLACE)
    assert event.data == data
    assert parse(event.body) == event
    assert event.body == rfc8785.dumps(json.loads(event.body))
    assert b"\n" not in event.body


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_parse_any_bytes_gives_an_event_or_an_integrity_error(body):
    with pytest.raises(IntegrityError):
        parse(body)


@given(st.data())
def test_parse_one_byte_changed_never_fails_otherwise(data):
    body = bytearray(encode(Drafts()(data={"host": "srv01", "n": 12}), **PLACE))
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] = data.draw(st.integers(0, 255))
    try:
        event = parse(bytes(body))
    except IntegrityError:
        return
    assert event.leaf == leaf_hash(bytes(body))


def test_encode_is_this_text_byte_for_byte():
    actor = Actor("p-1", "secretary:definitive", "SHA256:x")
    blob = seal_blob("reason", b"x", bytes(32))
    body = encode(Draft("01a199c5-3280-7000-8000-000000000001", "run.started", "r-1", actor, {"n": 1}, [blob]), **PLACE)
    assert body.decode() == (
        '{"actor":{"capacity":"secretary:definitive","credential":"SHA256:x","person":"p-1"},'
        f'"blobs":[{{"name":"reason","sha256":"{blob_digest(blob).hex()}","size":1}}],'
        '"boot":"b-1","data":{"n":1},"id":"01a199c5-3280-7000-8000-000000000001",'
        '"log":"sopti.pn-contoh.example/ledger","mono":9007199254740991,'
        '"prev":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f","seq":3,"subject":"r-1",'
        '"time":"2026-11-02T01:00:00.000000Z","type":"run.started","v":1}'
    )


@pytest.mark.parametrize("value", [1.5, float("nan"), 2**53, -(2**53), b"x", {1: 2}, "\ud800", {"\ud800": 1}, START])
def test_encode_what_readers_could_read_otherwise_refuses(value):
    with pytest.raises(SoptiError):
        encode(Drafts()(data={"x": value}), **PLACE)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "e-1"},
        {"id": "6f2f0c52-90a4-4b0c-8d0f-000000000001"},
        {"id": "01A199C5-3280-7000-8000-000000000001"},
        {"type": "started"},
        {"type": "Run.started"},
        {"data": {"claims": ["approval"]}},
        {"data": {"claims": [["approval", ""]]}},
        {"data": {"x": "y" * MAX_BODY_BYTES}},
    ],
)
def test_encode_malformed_draft_refuses(change):
    fields = {"id": uuid7(START, bytes(10)), "type": "run.started", "subject": "r-1", "actor": Actor("p-1"), "data": {}}
    with pytest.raises(SoptiError):
        encode(Draft(**(fields | change)), **PLACE)


def test_encode_naive_time_refuses():
    with pytest.raises(SoptiError):
        encode(Drafts()(), **(PLACE | {"time": datetime(2026, 1, 1)}))  # noqa: DTZ001  the naive time is the point


def test_encode_time_of_another_zone_is_stored_as_utc():
    wita = timezone(timedelta(hours=8))
    assert utc_text(datetime(2026, 11, 2, 9, 0, 0, 7, wita)) == "2026-11-02T01:00:00.000007Z"


def test_encode_enums_are_their_values():
    kind, level = enum.StrEnum("Kind", "CHANGED")("changed"), enum.IntEnum("Level", "HIGH")(1)
    assert place(Drafts()(data={"kind": kind, "level": level}), **PLACE).data == {"kind": "changed", "level": 1}


def test_parse_duplicate_key_refuses():
    body = encode(Drafts()(), **PLACE)
    assert "stands twice" in why(body.replace(b'"seq":3,', b'"seq":3,"seq":4,'))
    assert "stands twice" in why(body.replace(b'"data":{}', b'"data":{"a":1,"a":1}'))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"seq":3', b'"seq":3.0'),
        (b'"seq":3', b'"seq":3e0'),
        (b'"seq":3', b'"seq":NaN'),
        (b'"seq":3', b'"seq":Infinity'),
        (b'"data":{}', b'"data":{"x":9007199254740992}'),
        (b'"data":{}', b'"data":{"x":-99999999999999999999999}'),
        (b'"data":{}', b'"data":{"x":"\\ud800"}'),
        (b'"data":{}', b'"data":{"x":"\xff"}'),
        (b'"data":{}', b'"data":{"x":"\xed\xa0\x80"}'),
        (b'"data":{}', b'"data":\n{}'),
        (b'"data":{}', b'"data":{}\r'),
        (b'"data":{}', b'"data":' + b"[" * 100_000),
    ],
)
def test_parse_value_that_rfc8785_never_writes_refuses(old, new):
    assert why(encode(Drafts()(), **PLACE).replace(old, new))


def test_parse_escaped_backslash_before_u_is_no_surrogate():
    event = place(Drafts()(data={"path": "C:\\udara\\ud800"}), **PLACE)
    assert parse(event.body).data == {"path": "C:\\udara\\ud800"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"v": 2}, "v is 2"),
        ({"v": True}, "v is True"),
        ({"seq": "3"}, "seq"),
        ({"seq": -1}, "seq"),
        ({"seq": True}, "seq"),
        ({"mono": None}, "mono"),
        ({"prev": "00"}, "prev"),
        ({"prev": "0" * 63 + "A"}, "prev"),
        ({"time": "2026-11-02T01:00:00Z"}, "time"),
        ({"time": "2026-11-02T01:00:00.000000+00:00"}, "time"),
        ({"time": "2026-13-02T01:00:00.000000Z"}, "month"),
        ({"log": ""}, "log"),
        ({"log": "a b"}, "log"),
        ({"id": 7}, "id"),
        ({"type": "x"}, "type"),
        ({"subject": None}, "subject"),
        ({"data": []}, "data"),
        ({"actor": {}}, "actor"),
        ({"actor": {"person": 1, "capacity": "", "credential": ""}}, "person"),
        ({"blobs": {}}, "blobs"),
        ({"blobs": [{}]}, "blob"),
        ({"blobs": [{"name": "x", "sha256": "00", "size": 1}]}, "sha256"),
        ({"blobs": [{"name": "x", "sha256": "0" * 64, "size": -1}]}, "size"),
        ({"boot": ...}, "lacks the keys ['boot']"),
        ({"more": 1}, "unknown keys ['more']"),
        ({"data": {"claims": {}}}, "claims"),
    ],
)
def test_parse_malformed_body_says_which_part(changes, said):
    assert said in why(body_with(**changes))


def test_parse_a_body_that_is_too_long_refuses():
    assert "bytes" in why(b'"' + b"x" * MAX_BODY_BYTES + b'"')


def test_leaf_hash_is_rfc_6962():
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


def test_blob_salt_must_be_32_bytes():
    with pytest.raises(ValueError, match="32"):
        seal_blob("x", b"y", b"short")


def test_claims_objects_and_erasures_are_read_from_data():
    drafts = Drafts()
    assert claims_of({"claims": [["approval", "a-1"], ["number", "7"]]}) == (
        Claim("approval", "a-1"),
        Claim("number", "7"),
    )
    assert claims_of({}) == ()
    done = {"host": "srv01", "objects": ["file:/a", "file:/a", "unit:b"]}
    assert objects_of(place(drafts("task.finished", data=done), **PLACE)) == (("srv01", "file:/a"), ("srv01", "unit:b"))
    assert objects_of(place(drafts("read.finished", data=done), **PLACE)) == ()
    assert objects_of(place(drafts("task.finished", data={"host": 1, "objects": []}), **PLACE)) == ()
    gone = place(drafts("blob.erased", data={"digests": ["00" * 32, "no", 7]}), **PLACE)
    assert erased_by(gone) == (ZERO_LEAF,)
    assert erased_by(place(drafts("read.finished", data={"digests": ["00" * 32]}), **PLACE)) == ()


@given(
    st.integers(0, 2**47),
    st.binary(min_size=10, max_size=10),
)
def test_uuid7_begins_with_its_millisecond(millisecond, random):
    text = uuid7(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millisecond), random)
    assert int(text.replace("-", "")[:12], 16) == millisecond
    assert (text[14], text[19] in "89ab") == ("7", True)


@pytest.mark.parametrize(("time", "random"), [(START, b"x"), (datetime(2026, 1, 1), bytes(10))])  # noqa: DTZ001  the naive time is the point
def test_uuid7_of_a_naive_time_or_few_bytes_refuses(time, random):
    with pytest.raises(ValueError, match="uuid7"):
        uuid7(time, random)
