// abuse/healthy.cpp: `healthy PORT SUBSCRIBERS RATE [tls]`: those who only want to hear. A backend publishes to their channel at
// fixed moments, whatever became of what it published before (open loop); each subscriber must hear all of it, once and in
// order, and how late it does is counted from the moment it was due. Reads `measure <seconds>` from stdin.
//
// Beside it a thread of the same priority sends a byte through a bare socket to another and back at fixed moments: how late
// that comes is this core's doing, not the server's.
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <iostream>
#include <memory>
#include <thread>
#include <vector>

#include "abuse/line.h"
#include "bench/client.h"
#include "bench/clock.h"
#include "bench/fail.h"
#include "bench/report.h"

namespace abuse {
namespace {

using bench::fail;
using bench::now_ns;

constexpr double kSecondsToHear = 20;
constexpr std::int64_t kEchoPeriodNs = 2'000'000;
const std::string kChannel = "healthy-" + std::to_string(getpid());  // there may be others

// What is published: a number, in the form in which subscribers find it.
std::string body_of(std::uint64_t number) {
    return R"({"name":"n","channel":")" + kChannel + R"(","data":"#)" + std::to_string(number) +
           "#\"}";
}

class Subscriber final : public bench::Source {
 public:
    Subscriber(const bench::Target& target, SSL_CTX* tls, bench::Poller& poller,
               std::vector<std::int64_t>& lateness)
        : target_(target), lateness_(lateness), line_(target.port, tls) {
        poller.add(line_.fd(), *this, EPOLLIN);
        line_.send(
            bench::upgrade_request(bench::path_of(bench::Speech::pusher, target.credentials.app)));
    }

    void expect(const std::vector<std::int64_t>& due, std::uint64_t first) {
        due_ = &due;
        first_ = next_ = first;
    }
    bool joined() const { return joined_; }
    std::uint64_t heard() const { return next_ - first_; }

    void on_ready(std::uint32_t) override {
        if (!line_.receive(received_)) fail("a healthy subscriber's connection was closed");
        const auto now = now_ns();
        if (!upgraded_) upgrade();
        while (upgraded_) {
            const auto frame = bench::first_frame(received_);
            if (!frame) return;
            on_frame(*frame, now);
            received_.erase(0, frame->size);
        }
    }

 private:
    void upgrade() {
        const auto end = received_.find("\r\n\r\n");
        if (end == std::string::npos) return;
        if (!bench::is_upgraded(std::string_view(received_).substr(0, end)))
            fail("a healthy subscriber was not let in: " + received_);
        received_.erase(0, end + 4);
        upgraded_ = true;
    }

    void on_frame(const bench::Frame& frame, std::int64_t now) {
        if (frame.opcode == bench::kPing)
            return line_.send(bench::masked_frame(bench::kPong, frame.payload));
        if (frame.opcode != bench::kText)
            fail("a healthy subscriber was closed: " + std::string(frame.payload.substr(2)));
        const auto at = frame.payload.find('#');
        if (at != std::string_view::npos) return hear(frame.payload.substr(at + 1), now);
        if (!bench::socket_id_in(frame.payload).empty())
            return line_.send(bench::masked_frame(
                bench::kText, bench::subscribe_message(target_.credentials.app, {}, kChannel)));
        if (frame.payload.find("subscription_succeeded") != std::string_view::npos) {
            joined_ = true;
        } else if (frame.payload.find("\"pusher:ping\"") != std::string_view::npos) {
            line_.send(bench::masked_frame(bench::kText, R"({"event":"pusher:pong","data":{}})"));
        } else {
            fail("a healthy subscriber heard: " + std::string(frame.payload));
        }
    }

    void hear(std::string_view text, std::int64_t now) {
        std::uint64_t number = 0;
        std::from_chars(text.data(), text.data() + text.size(), number);
        if (due_ == nullptr || number != next_)
            fail("a healthy subscriber heard number " + std::to_string(number) + " where " +
                 std::to_string(next_) + " was next");
        lateness_.push_back(now - (*due_)[next_++ - first_]);
    }

    const bench::Target& target_;
    std::vector<std::int64_t>& lateness_;
    Line line_;
    const std::vector<std::int64_t>* due_ = nullptr;
    std::string received_;
    std::uint64_t first_ = 0, next_ = 0;
    bool upgraded_ = false, joined_ = false;
};

// A backend that does not wait for its answers, but wants them all to be 200.
class Backend final : public bench::Source {
 public:
    Backend(const bench::Target& target, SSL_CTX* tls, bench::Poller& poller)
        : app_(target.credentials.app), line_(target.port, tls) {
        poller.add(line_.fd(), *this, EPOLLIN);
    }

    std::uint64_t unanswered() const { return asked_ - answered_; }
    void publish(std::uint64_t number) {
        asked_++;
        line_.send(bench::publish_request(app_, body_of(number)));
    }
    void on_ready(std::uint32_t) override {
        if (!line_.receive(received_)) fail("a healthy backend's connection was closed");
        constexpr std::string_view status = "HTTP/1.1 ";
        for (std::size_t at = 0; (at = received_.find(status)) != std::string::npos &&
                                 received_.size() >= at + status.size() + 3;) {
            if (received_.compare(at + status.size(), 3, "200") != 0)
                fail("a healthy publish was answered with " + received_.substr(at));
            received_.erase(0, at + status.size() + 3);
            answered_++;
        }
    }

 private:
    const bench::App& app_;
    Line line_;
    std::string received_;
    std::uint64_t asked_ = 0, answered_ = 0;
};

double ms(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

// Nearest rank.
double percentile_ms(std::vector<std::int64_t>& values, double share) {
    if (values.empty()) return 0;
    const auto at = std::min(values.size() - 1,
                             static_cast<std::size_t>(share * static_cast<double>(values.size())));
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at),
                     values.end());
    return ms(values[at]);
}

void sleep_until(std::int64_t ns) {
    const timespec time{ns / 1'000'000'000, ns % 1'000'000'000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
}

// Two threads and a socket between them, while it lives.
class Echo {
 public:
    Echo() : pair_(), there_([this] { send_back(); }), here_() {
        here_ = std::thread([this] { ask_again_and_again(); });
    }
    Echo(const Echo&) = delete;
    Echo& operator=(const Echo&) = delete;
    ~Echo() {
        if (!stop_) end();
    }
    std::vector<std::int64_t>& end() {
        stop_ = true;
        here_.join();
        shutdown(pair_.fds[0], SHUT_RDWR);
        there_.join();
        return lateness_;
    }

 private:
    struct Pair {
        Pair() {
            if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0)
                bench::fail_errno("socketpair");
        }
        ~Pair() {
            for (const int fd : fds) close(fd);
        }
        std::array<int, 2> fds{};
    };

    void send_back() {
        char byte = 0;
        while (read(pair_.fds[1], &byte, 1) == 1 && write(pair_.fds[1], &byte, 1) == 1) {
        }
    }
    void ask_again_and_again() {
        char byte = 'e';
        for (auto due = now_ns() + kEchoPeriodNs; !stop_; due += kEchoPeriodNs) {
            sleep_until(due);
            if (write(pair_.fds[0], &byte, 1) != 1 || read(pair_.fds[0], &byte, 1) != 1) return;
            lateness_.push_back(now_ns() - due);
        }
    }

    Pair pair_;
    std::atomic<bool> stop_ = false;
    std::vector<std::int64_t> lateness_;
    std::thread there_, here_;
};

class Healthy {
 public:
    Healthy(const bench::Target& target, SSL_CTX* tls, std::size_t subscribers, double rate)
        : rate_(rate), backend_(target, tls, poller_) {
        for (std::size_t i = 0; i < subscribers; i++)
            subscribers_.push_back(std::make_unique<Subscriber>(target, tls, poller_, lateness_));
        const bench::Deadline deadline(30, "the healthy to come in");
        while (!all([](const Subscriber& one) { return one.joined(); }))
            poller_.wait(deadline.left_ns());
    }

    void measure(double seconds) {
        const auto count = static_cast<std::uint64_t>(rate_ * seconds);
        const auto start = now_ns() + 5'000'000;
        std::vector<std::int64_t> due(count);
        for (std::uint64_t i = 0; i < count; i++)
            due[i] = start + static_cast<std::int64_t>(static_cast<double>(i) * 1e9 / rate_);
        lateness_.clear();
        for (auto& one : subscribers_) one->expect(due, published_);
        Echo echo;
        for (std::uint64_t sent = 0; sent < count;) {
            const auto now = now_ns();
            if (now < due[sent]) {
                poller_.wait(due[sent] - now);
            } else {
                backend_.publish(published_ + sent++);
                poller_.wait(0);
            }
        }
        published_ += count;
        const bench::Deadline deadline(kSecondsToHear, "the healthy to hear everything");
        while (backend_.unanswered() != 0 ||
               !all([&](const Subscriber& one) { return one.heard() == count; }))
            poller_.wait(deadline.left_ns());
        print(echo.end());
    }

 private:
    template <typename Claim>
    bool all(Claim claim) const {
        return std::all_of(subscribers_.begin(), subscribers_.end(),
                           [&](const auto& one) { return claim(*one); });
    }

    void print(std::vector<std::int64_t>& echo) {
        bench::Report("healthy")
            .add("heard", static_cast<std::uint64_t>(lateness_.size()))
            .add("p50_ms", percentile_ms(lateness_, 0.50))
            .add("p99_ms", percentile_ms(lateness_, 0.99))
            .add("max_ms", percentile_ms(lateness_, 1))
            .add("echo_p99_ms", percentile_ms(echo, 0.99))
            .print();
    }

    const double rate_;
    bench::Poller poller_;
    std::vector<std::int64_t> lateness_;
    Backend backend_;
    std::vector<std::unique_ptr<Subscriber>> subscribers_;
    std::uint64_t published_ = 0;
};

double number(const char* text) {
    double value = 0;
    if (std::from_chars(text, text + std::strlen(text), value).ec != std::errc())
        fail("not a number: " + std::string(text));
    return value;
}

}  // namespace
}  // namespace abuse

int main(int argc, char** argv) {
    const bool tls = argc == 5 && std::string_view(argv[4]) == "tls";
    if (argc != 4 && !tls) bench::fail("expected: healthy PORT SUBSCRIBERS RATE [tls]");
    bench::Target target;
    target.port = static_cast<std::uint16_t>(abuse::number(argv[1]));
    abuse::Healthy healthy(target, tls ? abuse::client_context() : nullptr,
                           static_cast<std::size_t>(abuse::number(argv[2])),
                           abuse::number(argv[3]));
    std::string command;
    for (double seconds = 0; std::cin >> command >> seconds;) {
        if (command != "measure") bench::fail("expected: measure <seconds>");
        healthy.measure(seconds);
    }
}
