// server/main.cpp: carillon serve | check-config | token | journal | version | help.
#include <pthread.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "base/time.h"
#include "server/check_config.h"
#include "server/config_load.h"
#include "server/flags.h"
#include "server/greeting.h"
#include "server/journal_command.h"
#include "server/log.h"
#include "server/server.h"
#include "server/token_command.h"
#include "server/tokens.h"

namespace carillon::server {
namespace {

constexpr const char* version = "0.1.0";

int complain(std::string_view message) {
    std::fprintf(stderr, "carillon: %.*s\n", static_cast<int>(message.size()), message.data());
    return 2;
}

Result<Sources> gather_sources(const Command& command) {
    Sources sources{.file = {}, .environment = environment_of(environ), .flags = command.flags};
    const auto path = config_path(command.config_path, sources.environment);
    if (!path) return sources;
    std::ifstream file(*path);
    if (!file) return Error{ErrorKind::io, "cannot read the configuration file " + *path};
    std::stringstream text;
    text << file.rdbuf();
    sources.file = text.str();
    return sources;
}

// Blocked before any thread starts, so that only main's sigwait sees them.
sigset_t block_signals(bool reloads) {
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    // Certificates were renewed. Without any it ends us, as when a terminal is closed.
    if (reloads) sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

int wait_for_one_of(const sigset_t& signals) {
    int signal = 0;
    sigwait(&signals, &signal);
    return signal;
}

int serve(const Command& command) {
    const auto sources = gather_sources(command);
    if (!sources.has_value()) return complain(sources.error().message);
    const auto loaded = load(*sources);
    for (const auto& problem : loaded.problems) complain(line_of(problem));
    if (loaded.failed()) return 2;
    const auto exposure = check_exposure(loaded.config);
    if (!exposure.has_value()) return complain(exposure.error().message);

    const auto signals = block_signals(loaded.config.ssl.enabled);
    const base::SystemClock clock;
    Log log(clock, loaded.config.log);
    for (const auto& warning : demo_warnings(loaded.config))
        log.warning("demo_credentials", {{"message", warning}});
    Server server(loaded.config, clock, log);
    const auto started = server.start();
    if (!started.has_value()) return complain(started.error().message);
    log.info("listening", {{"host", loaded.config.host},
                           {"port", std::int64_t{server.port()}},
                           {"metrics_port", std::int64_t{server.metrics_port()}},
                           {"threads", std::int64_t{server.threads()}}});
    std::fputs(
        greeting(loaded.config, version, server.port(), server.metrics_port(), clock.now()).c_str(),
        stdout);
    std::fflush(stdout);

    while (wait_for_one_of(signals) == SIGHUP) {
        const auto reloaded = server.reload_certificates();
        if (!reloaded.has_value())
            log.error("certificates_not_reloaded", {{"reason", reloaded.error().message}});
    }
    server.drain();
    server.wait();
    log.info("stopped");
    return 0;
}

int check(const Command& command) {
    auto sources = gather_sources(command);
    if (!sources.has_value()) return complain(sources.error().message);
    const auto checked = check_config(std::move(*sources));
    std::fputs(checked.text.c_str(), stdout);
    return checked.exit_code;
}

Result<std::string> read_text(const std::string& path) {
    std::ifstream file;
    if (path != "-") file.open(path);
    std::istream& in = path == "-" ? std::cin : file;
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (path != "-" && !file) return Error{ErrorKind::io, "cannot read the file " + path};
    return text;
}

int token(const std::vector<std::string>& arguments) {
    const auto request = parse_token_request(arguments);
    if (!request.has_value()) return complain(request.error().message);
    Loaded loaded;
    if (!request->help) {
        Command command;
        command.config_path = request->config_path;
        const auto sources = gather_sources(command);
        if (!sources.has_value()) return complain(sources.error().message);
        loaded = load(*sources);
        for (const auto& problem : loaded.problems) complain(line_of(problem));
        if (loaded.failed()) return 2;
    }
    const auto keys = token_keys(loaded.config);
    if (!keys.has_value()) return complain(keys.error().message);
    const auto answer = answer_token_request(*request, *keys, base::SystemClock().now(), read_text);
    std::fputs(answer.text.c_str(), stdout);
    std::fputs(answer.notes.c_str(), stderr);
    return answer.exit_code;
}

int journal(const std::vector<std::string>& arguments) {
    const auto request = parse_journal_request(arguments);
    if (!request.has_value()) return complain(request.error().message);
    const auto answer = answer_journal_request(*request, base::SystemClock().now());
    std::fputs(answer.text.c_str(), stdout);
    std::fputs(answer.notes.c_str(), stderr);
    return answer.exit_code;
}

int run(const std::vector<std::string>& arguments) {
    if (!arguments.empty() && arguments.front() == "token") {
        return token({arguments.begin() + 1, arguments.end()});
    }
    if (!arguments.empty() && arguments.front() == "journal") {
        return journal({arguments.begin() + 1, arguments.end()});
    }
    const auto command = parse_command(arguments);
    if (!command.has_value()) return complain(command.error().message);
    switch (command->kind) {
        case Command::Kind::serve:
            return serve(*command);
        case Command::Kind::check_config:
            return check(*command);
        case Command::Kind::version:
            return std::printf("carillon %s\n", version) < 0;
        case Command::Kind::help:
            return std::fputs(std::string(help_text()).c_str(), stdout) < 0;
    }
    return 2;
}

}  // namespace
}  // namespace carillon::server

int main(int argc, char** argv) {
    try {
        return carillon::server::run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        return carillon::server::complain(error.what());
    }
}
