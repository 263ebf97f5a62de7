-- SPDX-License-Identifier: BSD-3-Clause
-- The search for the fastest rate that a device carries (RFC 2544 section 26.1), with whatever generator:
-- nothing here knows Pktgen. tests/bench/rate_search.py is the same in Python.

local search = {
    LEAST_TRIALS = 10,
    SENT_SHARE = 0.995, -- of what was asked for: memif holds its sender back where a NIC would lose packets
    STEP_DOWN = 0.98,
    MOST_STEPS = 25,
}

-- An outcome has requested, sent and received, in packets. Without tolerance nothing sent may be lost.
function search.passes(outcome, tolerance)
    if outcome.sent < search.SENT_SHARE * outcome.requested or outcome.sent == 0 then
        return false
    end
    return outcome.sent - outcome.received <= tolerance * outcome.sent
end

-- trial(rate, confirming) tries a rate and returns its outcome. Bisects between lowest and highest, then
-- confirms what it found in a trial that may be longer, lower by 2 % each time that fails. Returns the rate,
-- its outcome and how many trials there were; nil for both where no rate passed.
function search.run(trial, lowest, highest, tolerance, trials)
    assert(trials >= search.LEAST_TRIALS, "at least " .. search.LEAST_TRIALS .. " trials")
    local low, high, rate = lowest, highest, highest
    for _ = 1, trials do
        if search.passes(trial(rate, false), tolerance) then
            low = rate
        else
            high = rate
        end
        rate = (low + high) / 2
    end
    rate = low
    for step = 1, search.MOST_STEPS do
        local outcome = trial(rate, true)
        if search.passes(outcome, tolerance) then
            return rate, outcome, trials + step
        end
        rate = rate * search.STEP_DOWN
    end
    return nil, nil, trials + search.MOST_STEPS
end

return search
