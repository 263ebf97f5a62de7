-- SPDX-License-Identifier: BSD-3-Clause
-- Payloads of many sizes in one flow: RTPSEAL_SMALLEST (160) to RTPSEAL_LARGEST (1200) by RTPSEAL_STEP (40).
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "") .. "?.lua;" .. package.path
local measure, rtp = require "measure", require "rtp"

measure.run("mixed", function(port)
    return rtp.mixed(port, measure.number("SMALLEST", 160), measure.number("LARGEST", 1200), measure.number("STEP", 40))
end)
