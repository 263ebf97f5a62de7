-- SPDX-License-Identifier: BSD-3-Clause
-- What Pktgen is to send: RTP that streams.lua names, in one size, in many, over many flows, or from a
-- recording. Sizes here are of RTP payloads; Pktgen's are of frames and count the FCS.

local rtp = {
    PAYLOAD_TYPE = 96, -- no codec with a rule of its own: the whole payload is sealed
    SOURCE = "203.0.113.10",
    SOURCE_PORT = 40000,
    ADDRESSES = {"198.18.0.1", "198.18.0.2"},
    FIRST_PORT = 10000,
    MOST_FLOWS = 65536,
}

local UDP_PAYLOAD = 14 + 20 + 8 -- behind Ethernet, IPv4 and UDP
local RTP_HEADER, FCS = 12, 4
local LARGEST_FRAME = 1518 -- with FCS
local PATTERN = 16 -- bytes of Pktgen's user pattern
local MANY = 32768 -- flows that one address has ports for

local function frame_bytes(payload_bytes)
    local bytes = UDP_PAYLOAD + RTP_HEADER + payload_bytes + FCS
    assert(payload_bytes >= 1 and bytes <= LARGEST_FRAME,
        "payloads have 1 to " .. LARGEST_FRAME - FCS - RTP_HEADER - UDP_PAYLOAD .. " bytes")
    return bytes
end

-- Pktgen repeats the pattern from the frame's first byte on, before it writes the headers in front. Its
-- 16th byte is always NUL, and no other can be: that one comes to lie in the RTP timestamp.
function rtp.pattern()
    local header = {0x80, rtp.PAYLOAD_TYPE, 0x11, 0x12, 0x13, 0x00, 0x14, 0x15, 0x52, 0x54, 0x50, 0x31}
    local bytes = {}
    for at = 0, PATTERN - 1 do
        bytes[at] = 0x5a
    end
    for i, byte in ipairs(header) do
        bytes[(UDP_PAYLOAD + i - 1) % PATTERN] = byte
    end
    return string.char(table.unpack(bytes, 0, PATTERN - 2))
end

-- How many ports of how many addresses make so many flows, or one or two more. In range mode Pktgen counts
-- every field up with every packet, so all pairs come about only where the counts have no common divisor.
function rtp.spread(flows)
    assert(flows >= 1 and flows <= rtp.MOST_FLOWS, "there are 1 to " .. rtp.MOST_FLOWS .. " flows")
    if flows <= MANY then
        return 1, flows
    end
    return 2, (flows + 1) // 2 | 1
end

local function single(port, bytes)
    pktgen.set_type(port, "ipv4")
    pktgen.set_proto(port, "udp")
    pktgen.set_mac(port, "dst", "02:00:00:00:00:02")
    pktgen.set_ipaddr(port, "src", rtp.SOURCE .. "/24")
    pktgen.set_ipaddr(port, "dst", rtp.ADDRESSES[1])
    pktgen.set(port, "sport", rtp.SOURCE_PORT)
    pktgen.set(port, "dport", rtp.FIRST_PORT)
    pktgen.pattern(port, "user")
    pktgen.userPattern(port, rtp.pattern())
    pktgen.set(port, "size", bytes) -- writes the packet anew; also what rates are reckoned with
end

local function range(field, port, first, last, step)
    pktgen.range[field](port, "start", first)
    pktgen.range[field](port, "min", first)
    pktgen.range[field](port, "max", last)
    pktgen.range[field](port, "inc", step)
end

-- All fields are given: those that are not count up from values of Pktgen's own, over TCP.
local function ranges(port, addresses, ports, smallest, largest, step)
    range("src_ip", port, rtp.SOURCE, rtp.SOURCE, "0.0.0.0")
    range("dst_ip", port, rtp.ADDRESSES[1], rtp.ADDRESSES[addresses], addresses > 1 and "0.0.0.1" or "0.0.0.0")
    range("src_port", port, rtp.SOURCE_PORT, rtp.SOURCE_PORT, 0)
    range("dst_port", port, rtp.FIRST_PORT, rtp.FIRST_PORT + ports - 1, ports > 1 and 1 or 0)
    range("pkt_size", port, smallest, largest, step)
    pktgen.range.ip_proto(port, "udp")
    pktgen.set_range(port, "on")
end

-- One flow, payloads of one size.
function rtp.fixed(port, payload_bytes)
    single(port, frame_bytes(payload_bytes))
    return {payload_bytes = payload_bytes, flows = 1}
end

-- One flow, every size from the smallest to the largest by the step, equally often.
function rtp.mixed(port, smallest, largest, step)
    assert(smallest <= largest and step >= 1, "from the smallest to the largest, by steps of at least 1")
    largest = smallest + (largest - smallest) // step * step
    single(port, frame_bytes((smallest + largest) // 2))
    ranges(port, 1, 1, frame_bytes(smallest), frame_bytes(largest), step)
    return {payload_bytes = (smallest + largest) // 2, flows = 1}
end

-- That many flows, one packet of each in turn.
function rtp.flows(port, payload_bytes, flows)
    local addresses, ports = rtp.spread(flows)
    local bytes = frame_bytes(payload_bytes)
    single(port, bytes)
    ranges(port, addresses, ports, bytes, bytes, 0)
    return {payload_bytes = payload_bytes, flows = addresses * ports}
end

-- The file that Pktgen was started with by -s PORT:FILE.
function rtp.recording(port)
    pktgen.pcap(port, "on")
    return {}
end

return rtp
