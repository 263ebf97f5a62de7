-- SPDX-License-Identifier: BSD-3-Clause
-- The recording that Pktgen was given by -s PORT:FILE.
package.path = (debug.getinfo(1, "S").source:match("^@(.*/)") or "") .. "?.lua;" .. package.path
local measure, rtp = require "measure", require "rtp"

measure.run("recording", function(port)
    return rtp.recording(port)
end)
