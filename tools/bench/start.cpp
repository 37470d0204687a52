// bench/start.cpp: from the server's exec to the first publication that a client hears who connects as soon as the port answers.
#include <arpa/inet.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <ctime>

#include "bench/clock.h"
#include "bench/crowd.h"
#include "bench/fail.h"
#include "bench/pace.h"
#include "bench/publisher.h"
#include "bench/report.h"
#include "bench/scenarios.h"

namespace bench {
namespace {

// A server of our own, with our environment.
class Child {
 public:
    Child(const std::string& binary, unsigned core) : pid_(fork()) {
        if (pid_ < 0) fail_errno("fork");
        if (pid_ != 0) return;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        cpu_set_t cores;
        CPU_ZERO(&cores);
        CPU_SET(core, &cores);
        sched_setaffinity(0, sizeof cores, &cores);
        dup2(STDERR_FILENO, STDOUT_FILENO);  // ours is for reports
        execl(binary.c_str(), binary.c_str(), "serve", "--threads", "1", nullptr);
        _exit(127);
    }
    ~Child() {
        kill(pid_, SIGTERM);
        waitpid(pid_, nullptr, 0);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

 private:
    const pid_t pid_;
};

bool is_listening(const Target& target) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(target.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int refused = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
    close(fd);
    return refused == 0;
}

// Refused until the server listens, then accepted at once by its backlog.
void wait_until_listening(const Target& target) {
    const Deadline deadline(10, "the server to listen");
    for (;;) {
        deadline.left_ns();
        if (is_listening(target)) return;
        const timespec moment{0, 100'000};
        nanosleep(&moment, nullptr);
    }
}

void measure_start(const Options& options) {
    const std::int64_t start = now_ns();
    const Child server(options.server, options.core);
    wait_until_listening(options.target);
    const auto listening = now_ns();
    Poller poller;
    Crowd crowd(options.target, poller, 0, 1, 0);
    Publisher publisher(options.target, poller);
    crowd.open();
    publisher.sign(std::string(options.data_bytes, 'x'));
    crowd.expect(1);
    publisher.publish();
    const Deadline deadline(10, "the first publication");
    while (crowd.complete() == 0) poller.wait(deadline.left_ns());
    Report("start")
        .add("ms", static_cast<double>(now_ns() - start) / 1e6)
        .add("listening_ms", static_cast<double>(listening - start) / 1e6)
        .print();
}

}  // namespace

void run_start(const Options& options) {
    obey("round <times>", [&](int times, std::int64_t) {
        for (int i = 0; i < times; i++) measure_start(options);
    });
}

}  // namespace bench
