/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which counts were seen: a ring of 64-bit blocks (RFC 6479). One block more than the window is
 * wide, so that the window may begin in the middle of a block and moving it clears whole blocks
 * only. Knows nothing of keys: who calls accept has verified the packet.
 */
#include "replay.h"

#include <string.h>

enum { BLOCK_BITS = 64 };

static uint32_t block_count(uint32_t packets)
{
    return packets / BLOCK_BITS + 1;
}

size_t rs_replay_bytes(uint32_t packets)
{
    return sizeof(struct rs_replay) + block_count(packets) * sizeof(uint64_t);
}

uint32_t rs_replay_round_up(uint32_t packets)
{
    uint32_t width = RS_REPLAY_MIN_WINDOW;

    while (width < packets && width < RS_REPLAY_MAX_WINDOW)
        width *= 2;
    return width;
}

void rs_replay_init(struct rs_replay *replay, uint32_t packets)
{
    memset(replay, 0, rs_replay_bytes(packets));
    replay->packets = packets;
}

void rs_replay_init_seen(struct rs_replay *replay, uint32_t packets, uint64_t next)
{
    const uint32_t blocks = block_count(packets);

    rs_replay_init(replay, packets);
    if (next == 0)
        return;
    replay->next = next;
    memset(replay->blocks, 0xff, blocks * sizeof(uint64_t));
    /* Of the block that the window ends in, what comes after the end was not seen. */
    replay->blocks[(next - 1) / BLOCK_BITS % blocks] =
        UINT64_MAX >> (BLOCK_BITS - 1 - (next - 1) % BLOCK_BITS);
}

static uint32_t slot_of(const struct rs_replay *replay, uint32_t count)
{
    return count / BLOCK_BITS % block_count(replay->packets);
}

/* Of a count that is not above the window. */
static bool is_free(const struct rs_replay *replay, uint32_t count, uint32_t slot)
{
    return replay->next - count <= replay->packets &&
           (replay->blocks[slot] >> count % BLOCK_BITS & 1) == 0;
}

bool rs_replay_check(const struct rs_replay *replay, uint32_t count)
{
    return count >= replay->next || is_free(replay, count, slot_of(replay, count));
}

/* Empties the blocks that the window has not reached yet, up to the one of `count`. */
static void move_to(struct rs_replay *replay, uint32_t count)
{
    const uint32_t blocks = block_count(replay->packets);
    const uint32_t target = count / BLOCK_BITS;
    uint32_t block = (uint32_t)((replay->next - 1) / BLOCK_BITS);

    if (target - block > blocks)
        block = target - blocks;
    while (block != target)
        replay->blocks[++block % blocks] = 0;
}

bool rs_replay_accept(struct rs_replay *replay, uint32_t count)
{
    const uint32_t slot = slot_of(replay, count);

    if (count >= replay->next) {
        if (replay->next > 0)
            move_to(replay, count);
        replay->next = (uint64_t)count + 1;
    } else if (!is_free(replay, count, slot)) {
        return false;
    }
    replay->blocks[slot] |= UINT64_C(1) << count % BLOCK_BITS;
    return true;
}
