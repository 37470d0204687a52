// bench/scenarios.h: what the load tool can do. Each opens its connections, prints a line that says so, then reads commands from
// stdin (`round …`) and prints one JSON line per round: the driver decides whose turn it is while everyone stays connected.
#pragma once

#include <sys/types.h>

#include <string>

#include "bench/client.h"

namespace bench {

struct Options {
    std::string scenario;
    Target target;
    std::size_t connections = 1000;  // receivers
    std::size_t data_bytes = 128;
    std::size_t frame_bytes = 0;  // raw mode: what the floor was told
    std::size_t frames = 1;       // burst: client events in one write
    std::size_t channels = 1;     // burst: that they go to in turn
    pid_t pid = 0;                // whose CPU is measured
    std::string stub;             // fanout: the file that the stub counts in
    std::string server;           // start: the program
    unsigned core = 0;            // start: where it runs
};

void run_open(const Options& options);  // opens, reports, ends
void run_fanout(
    const Options& options);  // `round <frames per flush> <flushes>`: client events, sends stubbed
void run_publish(
    const Options&
        options);  // `round <publishes> <period ms>`: HTTP publishes, everyone hears them
// `round <bursts> <period ms>`: client events, several in one write, everyone hears them all
void run_burst(const Options& options);
// `round <laps>`: client events that nobody hears, a block of --frames by everyone per lap
void run_inbound(const Options& options);
// `round <publishes>`: signed HTTP publishes to one subscriber over --connections
void run_requests(const Options& options);
// `round <rate> <seconds>`, `search <rate> <seconds>`: HTTP publishes on a schedule
void run_latency(const Options& options);
// `round <times>`: a server is started, and ended again when it has delivered
void run_start(const Options& options);
void run_idle(const Options& options);  // opens, is busy once, reports, rests until stdin ends

}  // namespace bench
