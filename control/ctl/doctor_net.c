/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel's interfaces that virtual devices sit on: there, large enough, and without tricks. */
#include "doctor_check.h"

#include <stdio.h>
#include <string.h>

#include "doctor_netdev.h"

enum {
    USUAL_MTU = 1500,
    RING_FRAME_BYTES = 2048,
    /* What of a frame of net_af_packet's ring is not the packet: the kernel's header, Ethernet's,
     * two VLAN tags. */
    RING_HEADER_BYTES = 66 + 14 + 8,
    /* By how much a frame may be longer than the MTU, for the daemon's buffers to hold it. */
    BUFFER_SPARE_BYTES = 100,
};

/* Calls `look` for each port on an interface; says it where there is none. */
typedef void look_fn(const struct rs_doctor *doctor, struct rs_findings *findings,
                     const struct rs_doctor_port *port, const struct rs_netdev *device);

static void each_interface(const struct rs_doctor *doctor, struct rs_findings *findings,
                           look_fn *look, const char *well)
{
    const size_t before = json_array_size(findings->list);
    unsigned int looked_at = 0;

    for (size_t i = 0; i < doctor->config->port_count; i++) {
        const struct rs_doctor_port *port = &doctor->config->ports[i];
        struct rs_netdev device;

        if (port->interface[0] == '\0')
            continue;
        device = rs_netdev_look(&doctor->host, port->interface);
        look(doctor, findings, port, &device);
        looked_at++;
    }
    if (json_array_size(findings->list) > before)
        return;
    if (looked_at > 0)
        rs_finding_add(findings, RS_FINDING_OK, "%s", well);
    else
        rs_finding_add(findings, RS_FINDING_OK, "no port sits on an interface of the kernel");
}

/* ---- whether they are there --------------------------------------------------------------- */

static void look_at_presence(const struct rs_doctor *doctor, struct rs_findings *findings,
                             const struct rs_doctor_port *port, const struct rs_netdev *device)
{
    if (!device->exists) {
        rs_finding_add(findings, RS_FINDING_STOPS, "%s: there is no interface %s", port->path,
                       port->interface);
        rs_finding_leads_to(findings, "the daemon does not start");
        rs_finding_mend(findings, "# in %s give %s another one: ip link lists them",
                        doctor->config->path, port->path);
    } else if (!device->up) {
        rs_finding_add(findings, RS_FINDING_STOPS, "%s: %s is down", port->path, port->interface);
        rs_finding_leads_to(findings, "nothing comes in there, and nothing goes out");
        rs_finding_mend(findings, "ip link set dev %s up", port->interface);
    }
}

void rs_check_interfaces(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    each_interface(doctor, findings, look_at_presence, "all interfaces are there and up");
}

/* ---- MTU ---------------------------------------------------------------------------------- */

static bool is_sealed(const struct rs_doctor *doctor, const struct rs_doctor_port *port)
{
    return (port - doctor->config->ports) % 2 == 1;
}

/* What the other side of the link lets in. */
static int other_mtu(const struct rs_doctor *doctor, const struct rs_doctor_port *port)
{
    const struct rs_doctor_port *other = is_sealed(doctor, port) ? port - 1 : port + 1;
    struct rs_netdev device;

    if (other->interface[0] == '\0')
        return USUAL_MTU;
    device = rs_netdev_look(&doctor->host, other->interface);
    return device.mtu != 0 ? device.mtu : USUAL_MTU;
}

static void check_room(const struct rs_doctor *doctor, struct rs_findings *findings,
                       const struct rs_doctor_port *port, const struct rs_netdev *device)
{
    const int overhead = (int)doctor->config->overhead_bytes;
    const int needed = other_mtu(doctor, port) + overhead;

    if (!is_sealed(doctor, port) || device->mtu >= needed)
        return;
    rs_finding_add(
        findings, RS_FINDING_SLOW,
        "%s: the MTU of %s is %d, and packets of up to %d bytes come from the plain side",
        port->path, port->interface, device->mtu, needed - overhead);
    rs_finding_leads_to(findings,
                        "sealing adds %d bytes: packets of more than %d are dropped as too_big. "
                        "What lies behind %s has to carry them too",
                        overhead, device->mtu - overhead, port->interface);
    if (device->peer[0] != '\0')
        rs_finding_mend(findings, "ip link set dev %s mtu %d; ip link set dev %s mtu %d",
                        port->interface, needed, device->peer, needed);
    else
        rs_finding_mend(findings, "ip link set dev %s mtu %d", port->interface, needed);
}

/* The ring's frames for packets of that size: the kernel wants multiples of 16. */
static int frame_for(int mtu)
{
    return (mtu + RING_HEADER_BYTES + 15) / 16 * 16;
}

/* net_af_packet drops what its frames do not hold, and refuses frames that buffers do not hold. */
static void check_frames(const struct rs_doctor *doctor, struct rs_findings *findings,
                         const struct rs_doctor_port *port, const struct rs_netdev *device)
{
    const int frame = (int)rs_doctor_argument(port, "framesz", RING_FRAME_BYTES);
    int mtu = device->mtu;

    if (!rs_doctor_port_is(port, "net_af_packet") || mtu + RING_HEADER_BYTES <= frame)
        return;
    while (frame_for(mtu) > mtu + BUFFER_SPARE_BYTES)
        mtu--;
    rs_finding_add(findings, RS_FINDING_SLOW,
                   "%s: the MTU of %s is %d, but its ring's frames hold packets of %d bytes",
                   port->path, port->interface, device->mtu, frame - RING_HEADER_BYTES);
    rs_finding_leads_to(findings, "longer ones are dropped");
    if (mtu == device->mtu)
        rs_finding_mend(findings, "# in %s append ,framesz=%d,blocksz=%d to the vdev of %s",
                        doctor->config->path, frame_for(mtu), (frame_for(mtu) + 4095) / 4096 * 4096,
                        port->path);
    else
        rs_finding_mend(findings, "ip link set dev %s mtu %d # then ask again", port->interface,
                        mtu);
}

static void look_at_mtu(const struct rs_doctor *doctor, struct rs_findings *findings,
                        const struct rs_doctor_port *port, const struct rs_netdev *device)
{
    if (!device->exists || device->mtu == 0)
        return;
    check_room(doctor, findings, port, device);
    check_frames(doctor, findings, port, device);
}

void rs_check_mtu(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    each_interface(doctor, findings, look_at_mtu,
                   "the sealed sides have room for what sealing adds");
}

/* ---- offloads ----------------------------------------------------------------------------- */

static void check_merging(struct rs_findings *findings, const struct rs_doctor_port *port,
                          const struct rs_netdev *device)
{
    if (device->is_pair || !device->merges_when_receiving)
        return;
    rs_finding_add(findings, RS_FINDING_SLOW, "%s: %s merges what it receives (GRO or LRO)",
                   port->path, port->interface);
    rs_finding_leads_to(findings,
                        "TCP that passes through comes in pieces larger than the MTU, and "
                        "those are dropped");
    rs_finding_mend(findings, "ethtool -K %s gro off lro off", port->interface);
}

/* Checksums that a pair's other end leaves unfinished stay so: there is no wire to finish them. */
static void check_sums(const struct rs_doctor *doctor, struct rs_findings *findings,
                       const struct rs_doctor_port *port, const struct rs_netdev *device)
{
    struct rs_netdev peer;

    if (!device->is_pair)
        return;
    if (device->peer[0] == '\0') {
        rs_finding_add(findings, RS_FINDING_UNKNOWN,
                       "%s: the other end of the pair of %s is in another network namespace",
                       port->path, port->interface);
        rs_finding_leads_to(findings, "if it leaves checksums unfinished (tx-checksumming), what "
                                      "programs send there is dropped as bad_checksum");
        rs_finding_mend(findings, "ethtool -K INTERFACE tx off # there, for the other end");
        return;
    }
    peer = rs_netdev_look(&doctor->host, device->peer);
    if (!peer.sums_when_sending)
        return;
    rs_finding_add(findings, RS_FINDING_SLOW,
                   "%s: %s, the other end of %s, leaves UDP checksums unfinished", port->path,
                   device->peer, port->interface);
    rs_finding_leads_to(findings,
                        "what programs on this host send there is dropped as bad_checksum");
    rs_finding_mend(findings, "ethtool -K %s tx off", device->peer);
}

static void look_at_offloads(const struct rs_doctor *doctor, struct rs_findings *findings,
                             const struct rs_doctor_port *port, const struct rs_netdev *device)
{
    if (!device->exists)
        return;
    if (!device->has_offloads) {
        rs_finding_add(findings, RS_FINDING_UNKNOWN, "%s: %s does not tell its offloads",
                       port->path, port->interface);
        return;
    }
    check_merging(findings, port, device);
    check_sums(doctor, findings, port, device);
}

void rs_check_offloads(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    each_interface(doctor, findings, look_at_offloads,
                   "interfaces finish checksums and merge nothing");
}
