-- SPDX-License-Identifier: BSD-3-Clause
-- Payloads of one size in one flow: RTPSEAL_BYTES (160).
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "") .. "?.lua;" .. package.path
local measure, rtp = require "measure", require "rtp"

measure.run("fixed", function(port)
    return rtp.fixed(port, measure.number("BYTES", 160))
end)
