// net/descriptor.h: a file descriptor on a loop: owned, closed with its owner, and waited for.
// Lives and dies on its loop. Knows nothing of what is read or written: Socket and Listener do.
//
// A wait is armed once, fires once, and is armed again by whoever still wants it. Arming costs one
// epoll_ctl(MOD) in Asio, which asks the kernel again: readiness that was there before is not
// missed. Callbacks may be spurious (Asio reuses its records): the read or write that follows says
// what is true.
#pragma once

namespace carillon::net {

class Loop;

// Called on the loop. Either may destroy the Descriptor it was called for; no callback ever comes
// after that.
struct Ready {
    virtual void on_readable() = 0;
    virtual void on_writable() = 0;

 protected:
    ~Ready() = default;
};

class Descriptor {
 public:
    Descriptor(Loop& loop, int fd, Ready& ready);
    ~Descriptor() { close(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int fd() const { return fd_; }  // -1 after close()

    // Both may be armed at once; calling one that is armed costs a look.
    void want_readable();
    void want_writable();

    void close();  // now; twice is fine

 private:
    struct State;

    Loop& loop_;
    State* state_;  // outlives us while a wait of ours is on its way back from Asio
    int fd_;
};

}  // namespace carillon::net
