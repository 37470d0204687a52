// library/testing_broker.h: for tests only: small messages, an error sink that remembers, and things
// to wait for that the test decides.
#pragma once

#include <gmock/gmock.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "carillon/broker.h"

namespace carillon::broker_testing {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Number {
    std::int64_t n = 0;
    bool operator==(const Number&) const = default;
};
CARILLON_DESCRIBE(Number, n)
inline std::string validate(const Number& number) { return number.n < 0 ? "below zero" : ""; }

struct Person {
    std::string name;
    bool operator==(const Person&) const = default;
};
CARILLON_DESCRIBE(Person, name)

inline std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const auto* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// What many threads add to.
template <class T>
class Heard {
 public:
    void add(T one) {
        const std::lock_guard lock(mutex_);
        all_.push_back(std::move(one));
        changed_.notify_all();
    }
    std::vector<T> all() const {
        const std::lock_guard lock(mutex_);
        return all_;
    }
    std::size_t size() const { return all().size(); }
    void wait_for(std::size_t count) const {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return all_.size() >= count; });
    }

 private:
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<T> all_{};
};

// A Builder whose broker's errors end here.
struct Sink {
    Builder builder(unsigned threads) {
        Builder made;
        made.with(Threads{threads}).with([its = heard](const Error& e) { its->add(e.message); });
        return made;
    }
    Broker broker(unsigned threads) { return builder(threads).start().value(); }
    std::vector<std::string> all() const { return heard->all(); }

    std::shared_ptr<Heard<std::string>> heard = std::make_shared<Heard<std::string>>();
};

// Closed until open(), for threads.
class Barrier {
 public:
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return open_; });
    }

 private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

// Closed until open(), for coroutines, which go on on the thread that opens it.
class Event {
 public:
    struct Awaiter {
        bool await_ready() const { return false; }
        bool await_suspend(std::coroutine_handle<> waiting) {
            const std::lock_guard lock(event->mutex_);
            if (event->open_) return false;
            event->waiting_.push_back(waiting);
            return true;
        }
        void await_resume() const {}
        Event* event;
    };
    Awaiter operator co_await() { return {this}; }
    void open() {
        std::vector<std::coroutine_handle<>> waiting;
        {
            const std::lock_guard lock(mutex_);
            open_ = true;
            waiting.swap(waiting_);
        }
        for (const auto one : waiting) one.resume();
    }

 private:
    std::mutex mutex_;
    bool open_ = false;
    std::vector<std::coroutine_handle<>> waiting_{};
};

inline std::uint64_t accounted(const Stats& s) {
    return s.delivered + s.filtered + s.left + s.passed + s.dropped + s.waiting;
}

}  // namespace carillon::broker_testing
