// bench/load.cpp: the load tool. `load --scenario NAME --port N --connections N …`; see README.md and scenarios.h.
#include <sys/resource.h>

#include <charconv>
#include <cstring>
#include <map>
#include <set>

#include "bench/fail.h"
#include "bench/scenarios.h"

namespace bench {
namespace {

template <typename Number>
void parse(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size())
        fail("not a number: " + std::string(text));
}

// "turbine,notiflux"
std::vector<Speech> parse_speeches(std::string_view list) {
    std::vector<Speech> speeches;
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        speeches.push_back(speech_named(list.substr(0, comma)));
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    if (speeches.empty()) fail("--speak wants a protocol");
    return speeches;
}

Options parse_options(int argc, char** argv) {
    Options options;
    App& app = options.target.credentials.app;
    for (int i = 1; i < argc; i++) {
        const std::string_view name = argv[i];
        if (name == "--raw" || name == "--tls" || name == "--alone") {
            bool& flag = name == "--raw"   ? options.target.raw
                         : name == "--tls" ? options.target.tls
                                           : options.target.alone;
            flag = true;
            continue;
        }
        if (++i == argc) fail(std::string(name) + " wants a value");
        const std::string_view value = argv[i];
        if (name == "--scenario")
            options.scenario = value;
        else if (name == "--host")
            options.target.host = value;
        else if (name == "--port")
            parse(value, options.target.port);
        else if (name == "--app-id")
            app.id = value;
        else if (name == "--app-key")
            app.key = value;
        else if (name == "--app-secret")
            app.secret = value;
        else if (name == "--speak")
            options.target.speeches = parse_speeches(value);
        else if (name == "--turbine-token")
            options.target.credentials.turbine_token = value;
        else if (name == "--notiflux-token")
            options.target.credentials.notiflux_token = value;
        else if (name == "--connections")
            parse(value, options.connections);
        else if (name == "--data-bytes")
            parse(value, options.data_bytes);
        else if (name == "--frame-bytes")
            parse(value, options.frame_bytes);
        else if (name == "--frames")
            parse(value, options.frames);
        else if (name == "--channels")
            parse(value, options.channels);
        else if (name == "--pid")
            parse(value, options.pid);
        else if (name == "--stub")
            options.stub = value;
        else if (name == "--server")
            options.server = value;
        else if (name == "--core")
            parse(value, options.core);
        else
            fail("unknown option " + std::string(name));
    }
    return options;
}

void raise_descriptor_limit(std::size_t connections) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (connections + 16 > limit.rlim_max)
        fail("only " + std::to_string(limit.rlim_max) + " descriptors allowed (ulimit -Hn)");
}

// A backend publishes to any channel, a client's events want a private one.
void aim(Options& options) {
    const std::set<std::string_view> publishing{"publish", "requests", "latency", "start"};
    const bool is_publish = publishing.contains(options.scenario);
    if (options.frames == 0) fail("--frames is 0");
    if (options.channels < 1 || options.channels > 2) fail("--channels wants 1 or 2");
    options.target.channels = {is_publish ? "bench" : "private-bench", "private-twice"};
    options.target.channels.resize(options.channels);
    options.target.event = is_publish ? "bench" : "client-bench";
}

void run(Options options) {
    raise_descriptor_limit(options.connections);
    if (options.target.port == 0) fail("--port is missing");
    if (options.connections == 0) fail("--connections is 0");
    aim(options);
    static const std::map<std::string_view, void (*)(const Options&)> scenarios{
        {"open", run_open},       {"fanout", run_fanout}, {"publish", run_publish},
        {"burst", run_burst},     {"idle", run_idle},     {"inbound", run_inbound},
        {"latency", run_latency}, {"start", run_start},   {"requests", run_requests},
    };
    const auto scenario = scenarios.find(options.scenario);
    if (scenario == scenarios.end()) fail("no scenario is called " + options.scenario);
    if (options.pid <= 0 && options.scenario != "open" && options.scenario != "start")
        fail("--pid is missing: whose CPU?");
    scenario->second(options);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { bench::run(bench::parse_options(argc, argv)); }
