// bench/recovery.cpp: N clients come back at once and recover what they missed, while others listen to a steady stream. How
// long until the last has caught up, against a bare loop that sends each the same bytes in one buffer; and what the others
// notice. Server and floor run on threads of the first core; the clients and the stream's listeners on threads of the last one,
// each of which sleeps when it has nothing to do.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "bench/client.h"
#include "bench/clock.h"
#include "bench/fail.h"
#include "bench/recovery_floor.h"
#include "bench/recovery_server.h"
#include "bench/report.h"

namespace bench {
namespace {

constexpr std::size_t kBodyBytes = 128;
constexpr std::uint64_t kRoomPeriod = 100;  // of the stream's messages, one goes to the room too

struct Plan {
    std::size_t clients = 1000;
    std::uint64_t missed = 500;
    std::size_t others = 50;
    std::int64_t period_ns = 1'000'000;  // of the stream: 1,000 messages a second
    int rounds = 7;
};

// A connection that has been upgraded, and what it hears.
class Reader : public Source {
 public:
    Reader(const Target& target, Poller& poller) : fd_(connect_from(target, 0)), poller_(poller) {
        poller.add(fd_, *this, EPOLLOUT);
    }
    virtual ~Reader() { close(fd_); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    bool open() const { return open_; }
    std::uint64_t bytes() const { return bytes_; }
    void say(const std::string& command) { send(masked_frame(kText, command)); }

    void on_ready(std::uint32_t events) override {
        if ((events & EPOLLOUT) != 0) {
            poller_.change(fd_, *this, EPOLLIN);
            return send(upgrade_request("/app/any"));
        }
        thread_local std::array<char, 256 * 1024> buffer;
        const ssize_t got = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) fail("a client's connection broke");
        take({buffer.data(), static_cast<std::size_t>(got)});
    }

 protected:
    virtual void on_text(std::string_view text) = 0;

 private:
    void send(const std::string& bytes) {
        if (::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(bytes.size())) {
            fail_errno("a client could not send its few bytes at once");
        }
    }
    void take(std::string_view fresh) {
        if (open_) bytes_ += fresh.size();
        pending_ += fresh;
        std::string_view rest = pending_;
        if (!open_) {
            const auto end = rest.find("\r\n\r\n");
            if (end == std::string_view::npos) return;
            if (!is_upgraded(rest.substr(0, end))) fail("the upgrade was refused");
            rest.remove_prefix(end + 4);
            open_ = true;
        }
        while (const auto frame = first_frame(rest)) {
            if (frame->opcode != kText) fail("a frame that is no text");
            on_text(frame->payload);
            rest.remove_prefix(frame->size);
        }
        pending_.erase(0, pending_.size() - rest.size());
    }

    const int fd_;
    Poller& poller_;
    std::string pending_;
    std::uint64_t bytes_ = 0;
    bool open_ = false;
};

std::uint64_t number_in(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}
std::string_view after_word(std::string_view text) { return text.substr(text.find(' ') + 1); }

// ---- who recovers ----

class Recoverer final : public Reader {
 public:
    using Reader::Reader;

    void ask_position() {
        expect(0);
        say("leave room");
        say("join room");
    }
    void recover(std::uint64_t epoch, std::uint64_t from) {
        expect(from);
        say("recover room " + std::to_string(epoch) + ' ' + std::to_string(from));
    }
    bool caught_up() const { return caught_up_; }
    std::uint64_t epoch() const { return epoch_; }
    std::uint64_t newest() const { return newest_; }

 private:
    void expect(std::uint64_t from) {
        from_ = from;
        answered_ = caught_up_ = false;
    }
    void on_text(std::string_view text) override {
        if (text.starts_with("= ")) return on_answer(after_word(text));
        if (!answered_) return;  // from before it left the last time
        if (number_in(text) != ++heard_) fail("a gap or a duplicate behind a recovery");
        caught_up_ = heard_ >= newest_;
    }
    void on_answer(std::string_view text) {
        epoch_ = number_in(text);
        newest_ = number_in(text = after_word(text));
        const auto recovery = after_word(text);
        if (recovery != "recovered" && recovery != "not_asked") {
            fail("not recovered: " + std::string(recovery));
        }
        answered_ = true;
        heard_ = recovery == "recovered" ? from_ : newest_;
        caught_up_ = heard_ >= newest_;
    }
    std::uint64_t epoch_ = 0;
    std::uint64_t newest_ = 0;  // as the join's answer said
    std::uint64_t from_ = 0;
    std::uint64_t heard_ = 0;
    bool answered_ = false;
    bool caught_up_ = false;
};

// ---- the others, and the stream ----

struct Heard {
    std::int64_t sent_ns;
    std::int64_t took_ns;
};

class Other final : public Reader {
 public:
    Other(const Target& target, Poller& poller, std::vector<Heard>& log)
        : Reader(target, poller), log_(log) {}

 private:
    void on_text(std::string_view text) override {
        if (text.starts_with("= ")) return;
        const auto sent = static_cast<std::int64_t>(number_in(after_word(text)));
        log_.push_back({sent, now_ns() - sent});
    }
    std::vector<Heard>& log_;
};

class Stream {
 public:
    Stream(const Plan& plan, RecoveryServer& server, const Target& target, unsigned core)
        : plan_(plan), server_(server), thread_([this, &target, core] { run(target, core); }) {}
    void stop() {
        stop_ = true;
        thread_.join();
    }
    // The q-th latency of what was sent in the window, in milliseconds.
    double quantile_ms(double q, std::int64_t from_ns, std::int64_t to_ns) const {
        std::vector<std::int64_t> took;
        for (const auto& heard : log_) {
            if (heard.sent_ns >= from_ns && heard.sent_ns < to_ns) took.push_back(heard.took_ns);
        }
        if (took.empty()) return 0;
        std::sort(took.begin(), took.end());
        return static_cast<double>(
                   took[static_cast<std::size_t>(q * static_cast<double>(took.size() - 1))]) /
               1e6;
    }

 private:
    void run(const Target& target, unsigned core) {
        pin_this_thread(core);
        Poller poller;
        std::deque<Other> others;
        for (std::size_t i = 0; i < plan_.others; i++) others.emplace_back(target, poller, log_);
        const Deadline deadline(30, "the stream's listeners");
        for (auto& other : others) {
            while (!other.open()) poller.wait(deadline.left_ns());
            other.say("join live");
        }
        std::uint64_t count = 0;
        for (auto due = now_ns(); !stop_; poller.wait(std::max<std::int64_t>(due - now_ns(), 0))) {
            if (now_ns() < due) continue;
            due += plan_.period_ns;
            const auto body = std::to_string(now_ns()) + ' ';
            server_.publish("live", body + std::string(kBodyBytes - body.size(), 'x'));
            if (++count % kRoomPeriod == 0) server_.publish("room", std::string(kBodyBytes, 'x'));
        }
    }

    const Plan& plan_;
    RecoveryServer& server_;
    std::vector<Heard> log_;
    std::atomic<bool> stop_{false};
    std::thread thread_;  // last: it uses the rest
};

// ---- the rounds ----

struct Window {
    std::int64_t from_ns;
    std::int64_t to_ns;
    double ms() const { return static_cast<double>(to_ns - from_ns) / 1e6; }
};

class Comeback {
 public:
    Comeback(const Plan& plan, const Target& target) : plan_(plan), scout_(target, poller_) {
        for (std::size_t i = 0; i < plan.clients; i++) recoverers_.emplace_back(target, poller_);
        const Deadline deadline(60, "the clients to connect");
        while (!scout_.open()) poller_.wait(deadline.left_ns());
        for (auto& one : recoverers_) {
            while (!one.open()) poller_.wait(deadline.left_ns());
        }
    }
    Window run() {
        const Deadline deadline(60, "everyone to catch up");
        scout_.ask_position();
        while (!scout_.caught_up()) poller_.wait(deadline.left_ns());
        const Window window{now_ns(), 0};
        for (auto& one : recoverers_) one.recover(scout_.epoch(), scout_.newest() - plan_.missed);
        for (auto& one : recoverers_) {
            while (!one.caught_up()) poller_.wait(deadline.left_ns());
        }
        const auto end = now_ns();
        for (auto& one : recoverers_) one.say("leave room");
        return {window.from_ns, end};
    }
    // Of one client, so far.
    std::uint64_t bytes() const { return recoverers_.front().bytes(); }

 private:
    const Plan& plan_;
    Poller poller_;
    Recoverer scout_;
    std::deque<Recoverer> recoverers_;
};

class FloorComeback {
 public:
    FloorComeback(const Plan& plan, const Target& target, std::size_t bytes) : bytes_(bytes) {
        for (std::size_t i = 0; i < plan.clients; i++) clients_.emplace_back(target, poller_);
    }
    Window run() {
        const Deadline deadline(60, "the floor's clients to hear all");
        const auto from = now_ns();
        for (auto& one : clients_) one.ask();
        for (auto& one : clients_) {
            while (one.heard < bytes_) poller_.wait(deadline.left_ns());
        }
        return {from, now_ns()};
    }

 private:
    const std::size_t bytes_;
    Poller poller_;
    std::deque<FloorClient> clients_;
};

void rest(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

int run(const Plan& plan) {
    const auto cores = std::max(2U, std::thread::hardware_concurrency());
    RecoveryServer server(0);
    pin_this_thread(cores - 1);
    Target target;
    target.port = server.port();
    for (std::uint64_t i = 0; i < plan.missed; i++) {
        server.publish("room", std::string(kBodyBytes, 'x'));
    }
    Comeback comeback(plan, target);
    const auto bytes_before = comeback.bytes();
    comeback.run();  // not measured; tells how much a client hears
    const auto bytes = static_cast<std::size_t>(comeback.bytes() - bytes_before);
    RecoveryFloor floor(bytes, 0);
    Target floor_target;
    floor_target.port = floor.port();
    FloorComeback floor_comeback(plan, floor_target, bytes);
    floor_comeback.run();

    Stream stream(plan, server, target, cores - 1);
    rest(1);
    const Window alone{now_ns(), now_ns() + 1'000'000'000};
    rest(1);
    std::vector<Window> windows;
    std::vector<Window> floors;
    for (int i = 0; i < plan.rounds; i++) {
        windows.push_back(comeback.run());
        rest(0.2);
        floors.push_back(floor_comeback.run());
        rest(0.2);
    }
    stream.stop();
    for (int i = 0; i < plan.rounds; i++) {
        const auto& window = windows[static_cast<std::size_t>(i)];
        const auto& floor_window = floors[static_cast<std::size_t>(i)];
        Report("recovery")
            .add("clients", static_cast<std::uint64_t>(plan.clients))
            .add("missed", plan.missed)
            .add("bytes_each", static_cast<std::uint64_t>(bytes))
            .add("caught_up_ms", window.ms())
            .add("floor_ms", floor_window.ms())
            .add("others_p99_ms", stream.quantile_ms(0.99, window.from_ns, window.to_ns))
            .add("others_p99_beside_floor_ms",
                 stream.quantile_ms(0.99, floor_window.from_ns, floor_window.to_ns))
            .add("others_p99_alone_ms", stream.quantile_ms(0.99, alone.from_ns, alone.to_ns))
            .print();
    }
    return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    bench::Plan plan;
    if (argc > 1) plan.clients = std::strtoull(argv[1], nullptr, 10);
    if (argc > 2) plan.rounds = std::atoi(argv[2]);
    if (argc > 3 || plan.clients == 0 || plan.rounds <= 0) {
        bench::fail("usage: bench_recovery [clients [rounds]]");
    }
    return bench::run(plan);
}
