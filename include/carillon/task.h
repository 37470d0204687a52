// carillon/task.h: a coroutine that others wait for: what a handler returns that has to wait for
// something itself, and what Broker::spawn runs. It begins when it is awaited (or spawned), on the
// thread that does so; where it goes on after a wait is up to what it waited for. What the library
// offers to wait for goes on on the broker's loop on which the wait began.
//
// What a Task throws is thrown by the co_await on it; out of a handler's, it goes to the broker's
// error sink.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace carillon {

// Thrown by the wait of a coroutine (Broker::sleep) whose broker has stopped: it ends there. Need not
// be caught.
struct Stopped {};

template <class T = void>
class Task;

namespace detail {

struct TaskPromiseBase {
    struct Final {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) noexcept {
            const auto next = done.promise().continuation;
            return next ? next : std::noop_coroutine();
        }
        void await_resume() const noexcept {}
    };
    std::suspend_always initial_suspend() noexcept { return {}; }
    Final final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { thrown = std::current_exception(); }

    std::coroutine_handle<> continuation{};
    std::exception_ptr thrown{};
};

template <class T>
struct TaskPromise : TaskPromiseBase {
    Task<T> get_return_object();
    template <class U>
    void return_value(U&& result) {
        value.emplace(std::forward<U>(result));
    }
    T take() {
        if (thrown) std::rethrow_exception(thrown);
        return std::move(*value);
    }
    std::optional<T> value{};
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
    Task<void> get_return_object();
    void return_void() noexcept {}
    void take() const {
        if (thrown) std::rethrow_exception(thrown);
    }
};

}  // namespace detail

template <class T>
class [[nodiscard]] Task {
 public:
    using promise_type = detail::TaskPromise<T>;

    Task() = default;
    Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
    Task& operator=(Task&& other) noexcept {
        std::swap(coroutine_, other.coroutine_);
        return *this;
    }
    ~Task() {
        if (coroutine_) coroutine_.destroy();
    }

    struct Awaiter {
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) noexcept {
            coroutine.promise().continuation = waiting;
            return coroutine;
        }
        T await_resume() { return coroutine.promise().take(); }
        std::coroutine_handle<promise_type> coroutine;
    };
    Awaiter operator co_await() && noexcept { return {coroutine_}; }

 private:
    friend promise_type;
    explicit Task(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}

    std::coroutine_handle<promise_type> coroutine_{};
};

namespace detail {

template <class T>
Task<T> TaskPromise<T>::get_return_object() {
    return Task<T>(std::coroutine_handle<TaskPromise<T>>::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object() {
    return Task<void>(std::coroutine_handle<TaskPromise<void>>::from_promise(*this));
}

// A coroutine that nobody waits for: it begins at once and cleans up after itself.
struct Detached {
    struct promise_type {
        Detached get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }  // nothing in it throws
    };
};

}  // namespace detail
}  // namespace carillon
