-- SPDX-License-Identifier: BSD-3-Clause
-- Writes a recording for recording.lua: one packet of each flow, in any number and also where Pktgen's range mode
-- sends fewer. 65,536 packets of one flow (FLOWS 1) repeat without a jump in their sequence numbers.
--   lua5.4 make_recording.lua BYTES FLOWS > recording.pcap
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "") .. "?.lua;" .. package.path
local rtp = require "rtp"

local bytes = math.tointeger(tonumber(arg[1])) or error("BYTES of payload is a whole number")
local flows = math.tointeger(tonumber(arg[2])) or error("FLOWS is a whole number")
local LINK_ETHERNET, MAGIC_US = 1, 0xa1b2c3d4
local SEQUENCE = 65536

local function address(text)
    local numbers = {}
    for number in text:gmatch("%d+") do
        numbers[#numbers + 1] = string.char(tonumber(number))
    end
    return table.concat(numbers)
end

local function checksum(header)
    local sum = 0
    for at = 1, #header, 2 do
        sum = sum + string.unpack(">I2", header, at)
    end
    while sum > 0xffff do
        sum = (sum & 0xffff) + (sum >> 16)
    end
    return ~sum & 0xffff
end

-- Without a UDP checksum, which IPv4 allows.
local function frame(target, port, sequence)
    local udp_bytes = 8 + 12 + bytes
    local function ipv4(sum)
        return string.pack(">BBI2I2I2BBI2", 0x45, 0, 20 + udp_bytes, 0, 0, 64, 17, sum) .. address(rtp.SOURCE)
            .. address(target)
    end
    return "\2\0\0\0\0\2\2\0\0\0\0\1\8\0" .. ipv4(checksum(ipv4(0)))
        .. string.pack(">I2I2I2I2", rtp.SOURCE_PORT, port, udp_bytes, 0)
        .. string.pack(">BBI2I4I4", 0x80, rtp.PAYLOAD_TYPE, sequence, sequence * 960, 0x52545031)
        .. string.rep("\x5a", bytes)
end

io.stdout:write(string.pack("<I4I2I2i4I4I4I4", MAGIC_US, 2, 4, 0, 0, 65535, LINK_ETHERNET))
local addresses, ports = rtp.spread(flows)
for n = 0, (flows == 1 and SEQUENCE or flows) - 1 do
    local data = frame(rtp.ADDRESSES[n % addresses + 1], rtp.FIRST_PORT + n % ports, n % SEQUENCE)
    io.stdout:write(string.pack("<I4I4I4I4", 0, 0, #data, #data), data)
end
