-- SPDX-License-Identifier: BSD-3-Clause
-- Prints the document for `rtpsealctl apply` that goes with what the other scripts send: one session, the
-- flows of rtp.lua and of the recordings in tests/media, both ways.
--   lua5.4 streams.lua [FLOWS [SUITE]] > state.yaml
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "") .. "?.lua;" .. package.path
local rtp = require "rtp"

local flows = math.tointeger(tonumber(arg[1] or 1)) or error("FLOWS is a whole number")
local suite = arg[2] or "AES_256_CTR_HMAC_SHA512_80"

local RECORDINGS = {
    {port = 20000, payload_type = 96, codec = "VP8"},
    {port = 20002, payload_type = 98, codec = "VP9"},
    {port = 20004, payload_type = 102, codec = "H264"},
    {port = 20006, payload_type = 111, codec = "opus"},
}

local function stream(direction, address, port, payload_type, codec)
    print(string.format("- {stream_id: %s-%s-%d, session_id: pktgen, direction: %s, link: edge0,"
        .. " flow: {dst_ip: %s, dst_port: %d}, payload_types: {%d: {codec: %s}}}",
        direction, address, port, direction, address, port, payload_type, codec))
end

print("# For rtpsealctl apply")
print("sessions:")
-- Generators send the same packets again and again: no replay window would let them in.
print("- {session_id: pktgen, e2ee: true, suite: " .. suite .. ", replay_window: 0}")
print("streams:")
local addresses, ports = rtp.spread(flows)
for _, direction in ipairs({"seal", "open"}) do
    for address = 1, addresses do
        for port = rtp.FIRST_PORT, rtp.FIRST_PORT + ports - 1 do
            stream(direction, rtp.ADDRESSES[address], port, rtp.PAYLOAD_TYPE, "other")
        end
    end
    for _, recording in ipairs(RECORDINGS) do
        stream(direction, "198.51.100.20", recording.port, recording.payload_type, recording.codec)
    end
end
