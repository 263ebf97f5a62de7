-- SPDX-License-Identifier: BSD-3-Clause
-- Payloads of one size, RTPSEAL_BYTES (160), in RTPSEAL_FLOWS (1024) flows.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "") .. "?.lua;" .. package.path
local measure, rtp = require "measure", require "rtp"

measure.run("flows", function(port)
    return rtp.flows(port, measure.number("BYTES", 160), measure.number("FLOWS", 1024))
end)
