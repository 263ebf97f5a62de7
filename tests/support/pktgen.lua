-- SPDX-License-Identifier: BSD-3-Clause
-- Stands for Pktgen: runs a script of scripts/pktgen with a table `pktgen` that takes what the real one takes,
-- prints every call, and plays a device that carries so many packets a second and no more.
--   lua5.4 pktgen.lua KIND CAPACITY SCRIPT    KIND: nic (loses what is too much) or memif (holds it back)

-- Names and numbers of arguments as in Pktgen-DPDK's app/lpktgenlib.c, tables pktgenlib and pktgenlib_range
-- (https://github.com/pktgen/Pktgen-DPDK; described in https://pktgen.github.io/Pktgen-DPDK/lua.html).
local ARGUMENTS = {
    delay = 1, pattern = 2, pcap = 2, portStats = 2, quit = 0, screen = 1, set = 3, set_ipaddr = 3, set_mac = 3,
    set_proto = 2, set_range = 2, set_type = 2, start = 1, stop = 1, userPattern = 2,
}
local RANGE_ARGUMENTS = {dst_ip = 3, dst_port = 3, ip_proto = 2, pkt_size = 3, src_ip = 3, src_port = 3}
local SETTINGS = {burst = true, count = true, dport = true, rate = true, size = true, sport = true}
local LINK_PACKETS = 10e6 -- a second, at a rate of 100 %

local kind, capacity, script = arg[1], tonumber(arg[2]), arg[3]
local ports = {["0"] = {o = 0, i = 0}, ["1"] = {o = 0, i = 0}}
local device = {}

function device.set(port, what, value)
    assert(SETTINGS[what], "Pktgen sets no " .. what)
    assert(what ~= "rate" or value > 0 and value <= 100, "a rate is a percentage")
    ports[port][what] = value
end

function device.start(port)
    ports[port].sending = true
end

function device.stop(port)
    ports[port].sending = false
end

function device.delay(milliseconds)
    for name, port in pairs(ports) do
        if port.sending then
            local offered = math.floor(LINK_PACKETS * port.rate / 100 * milliseconds / 1000)
            local carried = math.min(offered, math.floor(capacity * milliseconds / 1000))
            local other = ports[name == "0" and "1" or "0"]
            port.o = port.o + (kind == "nic" and offered or carried)
            other.i = other.i + carried
        end
    end
end

function device.portStats(port, what)
    assert(what == "port" or what == "rate", "there are no statistics of " .. what)
    return {[tonumber(port)] = {opackets = ports[port].o, ipackets = ports[port].i}, n = 1}
end

function device.quit()
    os.exit(true, true)
end

local function shown(value)
    return type(value) == "string" and value:gsub("[^%w%.:/ %-]", function(c) return ("%%%02x"):format(c:byte()) end)
        or tostring(value)
end

-- A table of functions that takes these names alone.
local function taking(arguments, prefix, more)
    return setmetatable({}, {__index = function(_, name)
        if more and more[name] then
            return more[name]
        end
        local count = arguments[name] or error("Pktgen has no " .. prefix .. name, 2)
        return function(...)
            assert(select("#", ...) == count, prefix .. name .. " takes " .. count .. " arguments")
            local words = {}
            for i, value in ipairs({...}) do
                words[i] = shown(value)
            end
            io.write("CALL\t", prefix, name, "\t", table.concat(words, "\t"), "\n")
            return (prefix == "" and device[name] or function() end)(...)
        end
    end})
end

pktgen = taking(ARGUMENTS, "", {range = taking(RANGE_ARGUMENTS, "range.")})
dofile(script)
