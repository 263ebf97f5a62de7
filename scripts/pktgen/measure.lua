-- SPDX-License-Identifier: BSD-3-Clause
-- One measurement with Pktgen, without anyone at its terminal: what to send is set up, the rates are searched
-- for, what was found is printed and written to a file, and Pktgen ends.

local search = require "search"

local measure = {}

local SMALLEST_RATE = 0.1 -- percent of the link
local CALIBRATION_RATE = 0.5 -- slow enough for any device
local SETTLE_MS = 500 -- for what is still under way

-- A number from the environment, or what stands for it.
function measure.number(name, otherwise)
    local text = os.getenv("RTPSEAL_" .. name)
    return text and assert(math.tointeger(tonumber(text)), "RTPSEAL_" .. name .. " is no whole number") or otherwise
end

function measure.text(name, otherwise)
    return os.getenv("RTPSEAL_" .. name) or otherwise
end

local function counters(port)
    return pktgen.portStats(port, "port")[tonumber(port)]
end

-- Sends for so long at so many percent of the link; returns packets sent and received. Counters are read
-- before and after: clearing them takes effect some time later.
local function send(from, to, percent, milliseconds)
    pktgen.set(from, "rate", percent)
    local sent, received = counters(from).opackets, counters(to).ipackets
    pktgen.start(from)
    pktgen.delay(milliseconds)
    pktgen.stop(from)
    pktgen.delay(SETTLE_MS)
    return counters(from).opackets - sent, counters(to).ipackets - received
end

local function json(value)
    if type(value) ~= "table" then
        return type(value) == "string" and string.format("%q", value) or tostring(value)
    end
    local names, members = {}, {}
    for name in pairs(value) do
        names[#names + 1] = name
    end
    table.sort(names)
    for _, name in ipairs(names) do
        members[#members + 1] = string.format("%q: %s", name, json(value[name]))
    end
    return "{" .. table.concat(members, ", ") .. "}"
end

local function report(result)
    local path = measure.text("RESULT", "rtpseal-pktgen.json")
    local file = assert(io.open(path, "a"))
    file:write(json(result), "\n")
    file:close()
    print(json(result))
end

-- The rates under either tolerance, with `setup` what is sent: a function of Pktgen's port.
function measure.run(what, setup)
    local from, to = measure.text("SEND_PORT", "0"), measure.text("RECEIVE_PORT", "1")
    local seconds, confirm_seconds = measure.number("SECONDS", 10), measure.number("CONFIRM_SECONDS", 60)
    local trials = measure.number("TRIALS", search.LEAST_TRIALS)

    pktgen.screen("off")
    pktgen.stop(from)
    local result = setup(from)
    pktgen.set(from, "count", 0) -- until it is stopped
    -- How many packets a percent is, by Pktgen's own reckoning of sizes and overhead.
    local a_second_per_percent = send(from, to, CALIBRATION_RATE, seconds * 1000) / seconds / CALIBRATION_RATE

    local function trial(percent, confirming)
        local duration = confirming and confirm_seconds or seconds
        local sent, received = send(from, to, percent, duration * 1000)
        local outcome = {requested = percent * a_second_per_percent * duration, sent = sent, received = received}
        print(string.format("%s %.3f %%: sent %d, received %d", what, percent, sent, received))
        return outcome
    end

    result.what, result.trials = what, 0
    for _, sought in ipairs({{"no_drop", 0}, {"half_percent_loss", 0.005}}) do
        local name, tolerance = table.unpack(sought)
        local percent, outcome, tried = search.run(trial, SMALLEST_RATE, 100, tolerance, trials)
        result.trials = result.trials + tried
        result[name .. "_percent_of_link"] = percent or 0
        result[name .. "_packets_per_second"] = outcome and outcome.received // confirm_seconds or 0
    end
    report(result)
    pktgen.quit()
end

return measure
