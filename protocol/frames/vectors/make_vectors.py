#!/usr/bin/env python3
"""Golden vectors of the frame of our own firmware, made by a second implementation (standard library only).

usage: python3 make_vectors.py > frames.json
"""
import json
import struct

CRC_POLYNOMIAL = 0x82F63B78


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ CRC_POLYNOMIAL if crc & 1 else crc >> 1
    return crc ^ 0xFFFFFFFF


def cobs(data):
    out = bytearray()
    block = bytearray()
    pending = True
    for index, byte in enumerate(data):
        pending = True
        if byte == 0:
            out.append(len(block) + 1)
            out += block
            block = bytearray()
        else:
            block.append(byte)
            if len(block) == 254:
                out.append(255)
                out += block
                block = bytearray()
                pending = index + 1 < len(data)
    if pending or not data:
        out.append(len(block) + 1)
        out += block
    return bytes(out)


def wire(body):
    return b"\0" + cobs(body + struct.pack("<I", crc32c(body))) + b"\0"


TYPES = {"hello": 0, "state": 1, "heartbeat": 2, "ack": 5}
PRESENCES = ["unknown", "vacant", "occupied", "fault"]
TRIGGERS = ["period", "change", "poll", "boot"]


def i24(value):
    return struct.pack("<i", value)[:3]


def body_of(frame):
    kind = frame["kind"]
    flags = 4 if frame["clockSynced"] else 0
    if kind in ("state", "heartbeat"):
        flags |= 1 if frame["ackWanted"] else 0
        flags |= 2 if frame["retransmission"] else 0
        flags |= 8 if frame["backfill"] else 0
    seconds, milliseconds = divmod(frame["timeMs"], 1000)
    body = struct.pack(
        "<BBIHIIH", 0x10 | TYPES[kind], flags, frame["shortId"], frame["boot"], frame["sequence"], seconds, milliseconds
    )
    if kind in ("state", "heartbeat"):
        body += bytes([PRESENCES.index(frame["presence"]) | TRIGGERS.index(frame["trigger"]) << 2 | frame["confidence"] << 4])
        body += i24(frame["xNt"]) + i24(frame["yNt"]) + i24(frame["zNt"])
        body += struct.pack("<hHB", round(frame["temperatureC"] * 100), frame["batteryMv"], frame["health"])
    if kind == "hello":
        body += bytes.fromhex(frame["eui"])
        body += struct.pack("<HIHH", frame["oldestBoot"], frame["oldestSequence"], frame["model"], frame["hardware"])
        body += bytes(frame["firmware"]) + bytes([frame["part"], frame["resetCause"]])
    for tlv in frame.get("tlvs", []):
        value = bytes.fromhex(tlv["value"])
        body += bytes([tlv["type"], len(value)]) + value
    return body


def header(kind, **over):
    base = {"kind": kind, "shortId": 0xD001A007, "boot": 7, "sequence": 513, "timeMs": 1795521434154, "clockSynced": True}
    return {**base, **over}


def measurement(kind="state", **over):
    rest = {
        "ackWanted": True,
        "retransmission": False,
        "backfill": False,
        "presence": "unknown",
        "trigger": "change",
        "confidence": 0,
        "xNt": -21350,
        "yNt": 4312,
        "zNt": -46890,
        "temperatureC": -12.34,
        "batteryMv": 3587,
        "health": 1,
        "tlvs": [],
    }
    return {**header(kind), **rest, **over}


def hello(**over):
    rest = {
        "eui": "70b3d57ed001a007",
        "oldestBoot": 6,
        "oldestSequence": 12,
        "model": 1,
        "hardware": 2,
        "firmware": [1, 4, 9],
        "part": 2,
        "resetCause": 6,
        "tlvs": [],
    }
    return {**header("hello"), **rest, **over}


FRAMES = {
    "a state on change": measurement(),
    "a heartbeat with the oldest reading held": measurement(
        "heartbeat", trigger="period", tlvs=[{"type": 8, "value": struct.pack("<HI", 7, 512).hex()}]
    ),
    "a heartbeat with the signal heard": measurement(
        "heartbeat", trigger="period", tlvs=[{"type": 7, "value": struct.pack("<hh", -1375, -75).hex()}]
    ),
    "the first reading after boot, clock unset": measurement(trigger="boot", sequence=0, timeMs=1004, clockSynced=False),
    "the highest sequence and boot": measurement(sequence=0xFFFFFFFF, boot=0xFFFF),
    "the strongest fields": measurement(xNt=8388607, yNt=-8388608, zNt=0),
    "all flags, all presence bits": measurement(
        retransmission=True, backfill=True, presence="fault", trigger="boot", confidence=15
    ),
    "temperature and battery at their ends": measurement(temperatureC=-327.68, batteryMv=65535, health=255),
    "all zero": measurement(
        shortId=0, boot=0, sequence=0, timeMs=0, clockSynced=False, ackWanted=False, trigger="period", xNt=0, yNt=0, zNt=0,
        temperatureC=0, batteryMv=0, health=0,
    ),
    "the longest body": measurement(tlvs=[{"type": 200, "value": "ab" * 205}]),
    "two values that a reader may not know": measurement(tlvs=[{"type": 77, "value": ""}, {"type": 78, "value": "0001"}]),
    "a hello": hello(),
    "a hello before the clock is set, nothing held": hello(
        clockSynced=False, timeMs=250, sequence=0, oldestBoot=7, oldestSequence=0
    ),
    "an acknowledgement": header("ack"),
    "an acknowledgement of nothing, clock not known": header("ack", sequence=0, timeMs=0, clockSynced=False),
}


def altered(change):
    body = bytearray(body_of(measurement()))
    change(body)
    return cobs(bytes(body) + struct.pack("<I", crc32c(bytes(body))))


def put(at, value):
    return lambda body: body.__setitem__(at, value)


GOOD = cobs(body_of(measurement()) + struct.pack("<I", crc32c(body_of(measurement()))))
REFUSED = {
    "a flipped bit": (bytes([*GOOD[:10], GOOD[10] ^ 1 or 3, *GOOD[11:]]), "frame-crc"),
    "another version": (altered(put(0, 0x21)), "frame-version"),
    "a type that is none": (altered(put(0, 0x1E)), "frame-type"),
    "a reserved flag": (altered(put(1, 0x40)), "frame-flags"),
    "a thousand milliseconds": (altered(lambda body: body.__setitem__(slice(16, 18), struct.pack("<H", 1000))), "frame-time"),
    "a body cut short": (altered(lambda body: body.__delitem__(slice(30, None))), "frame-too-short"),
    "a value longer than the frame": (altered(lambda body: body.extend([9, 5, 1])), "frame-tlv"),
    "a value without a length": (altered(lambda body: body.extend([9])), "frame-tlv"),
    "a block that points beyond the end": (b"\x09\x01\x02", "frame-cobs"),
    "three bytes": (cobs(b"\x01\x02\x03"), "frame-too-short"),
    "too many bytes": (b"\x01" * 300, "frame-too-long"),
}

COBS = [bytes(n) for n in (0, 1, 2)] + [
    bytes(range(1, n + 1)) if n < 255 else bytes((i % 255) + 1 for i in range(n)) for n in (1, 253, 254, 255, 508, 509)
] + [bytes([0] + [1] * 253 + [0]), bytes([1] * 254 + [0]), bytes([1] * 253 + [0, 0, 1])]

print(
    json.dumps(
        {
            "frames": [{"name": name, "frame": frame, "wire": wire(body_of(frame)).hex()} for name, frame in FRAMES.items()],
            "refused": [{"name": name, "encoded": data.hex(), "reason": reason} for name, (data, reason) in REFUSED.items()],
            "cobs": [{"decoded": data.hex(), "encoded": cobs(data).hex()} for data in COBS],
        },
        indent=1,
    )
)
