#include "net/descriptor.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cstddef>
#include <new>
#include <utility>

#include "base/assert.h"
#include "net/loop.h"

namespace carillon::net {

namespace asio = boost::asio;

namespace {

// With the executor's real type: any_io_executor would add 40 bytes here and as many to each wait.
using AsioDescriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

}  // namespace

// What Asio's waits point at. Counted by hand instead of shared_ptr: one home thread, no control
// block, no atomics. The wait for readability, armed all the life of an idle connection, lives in
// `memory`; the other one is rare and takes Asio's recycled memory (112 bytes) while it lasts.
//
// An idle connection costs 336 bytes of heap here: this (160 with malloc's share) and Asio's record
// of the descriptor (176), and no allocation per event.
struct Descriptor::State {
    State(Loop& loop, Ready& callbacks) : asio(loop.context()), ready(&callbacks) {}

    class Held;
    template <class T>
    struct Memory;
    struct Readable;
    struct Writable;

    void release() {
        if (--holders == 0) delete this;
    }

    AsioDescriptor asio;
    Ready* ready;  // null: the owner is gone, nobody wants to hear
    unsigned holders = 1;
    bool reading = false;
    bool writing = false;
    alignas(std::max_align_t) std::byte memory[96];
};

// One wait's share of the State. Asio moves it about and may destroy it unrun, when its loop is
// destroyed.
class Descriptor::State::Held {
 public:
    explicit Held(State& state) : state_(&state) { ++state.holders; }
    Held(Held&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    Held& operator=(Held&&) = delete;
    ~Held() {
        if (state_ != nullptr) state_->release();
    }
    State* operator->() const { return state_; }
    State& operator*() const { return *state_; }

 private:
    State* state_;
};

template <class T>
struct Descriptor::State::Memory {
    using value_type = T;

    explicit Memory(State& owner) : state(&owner) {}
    template <class U>
    Memory(const Memory<U>& other) : state(other.state) {}  // NOLINT: rebinding is implicit

    T* allocate(std::size_t n) {
        static_assert(sizeof(T) <= sizeof(State::memory) &&
                      alignof(T) <= alignof(std::max_align_t));
        ASSERT(n == 1);
        return reinterpret_cast<T*>(state->memory);
    }
    void deallocate(T*, std::size_t) {}

    template <class U>
    bool operator==(const Memory<U>& other) const {
        return state == other.state;
    }

    State* state;
};

struct Descriptor::State::Readable {
    using allocator_type = Memory<void>;
    allocator_type get_allocator() const { return allocator_type(*state); }

    void operator()(const boost::system::error_code&) const {
        state->reading = false;
        if (state->ready != nullptr) state->ready->on_readable();
    }

    Held state;
};

struct Descriptor::State::Writable {
    void operator()(const boost::system::error_code&) const {
        state->writing = false;
        if (state->ready != nullptr) state->ready->on_writable();
    }

    Held state;
};

Descriptor::Descriptor(Loop& loop, int fd, Ready& ready)
    : loop_(loop), state_(new State(loop, ready)), fd_(fd) {
    static_assert(sizeof(State) <= 144, "paid for by every idle connection");
    ASSERT(fd >= 0);
    boost::system::error_code error;
    error = state_->asio.assign(fd, error);
    // The kernel refused to watch it (fs.epoll.max_user_watches). A constructor cannot say so, but
    // the connection can: waits then return at once, and the read they lead to finds the end.
    if (error) ::shutdown(fd, SHUT_RDWR);
}

void Descriptor::want_readable() {
    ASSERT(loop_.is_here() && fd_ >= 0);
    if (std::exchange(state_->reading, true)) return;
    state_->asio.async_wait(AsioDescriptor::wait_read, State::Readable{State::Held(*state_)});
}

void Descriptor::want_writable() {
    ASSERT(loop_.is_here() && fd_ >= 0);
    if (std::exchange(state_->writing, true)) return;
    state_->asio.async_wait(AsioDescriptor::wait_write, State::Writable{State::Held(*state_)});
}

void Descriptor::close() {
    if (fd_ < 0) return;
    ASSERT(loop_.is_here());
    state_->ready = nullptr;
    // release() takes the descriptor off the reactor and sends the armed waits back (cancelled,
    // heard by nobody). Asio's own close() would do that and, on some errors, make the descriptor
    // blocking and try again.
    if (state_->asio.is_open()) state_->asio.release();
    ::close(std::exchange(fd_, -1));
    std::exchange(state_, nullptr)->release();
}

}  // namespace carillon::net
