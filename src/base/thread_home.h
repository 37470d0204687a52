// base/thread_home.h: the thread an object lives on. A public method begins with
// ASSERT(home_.is_here()), which is also its documentation. Until settle() is called every thread
// is home, so that an object can be built by one thread (main) before its own thread takes it over.
#pragma once

#include <atomic>
#include <thread>

namespace carillon::base {

class ThreadHome {
 public:
    void settle() { id_.store(std::this_thread::get_id(), std::memory_order_relaxed); }
    // After its thread ended, whoever takes the object apart is at home again.
    void unsettle() { id_.store(std::thread::id{}, std::memory_order_relaxed); }
    bool is_here() const {
        const auto id = id_.load(std::memory_order_relaxed);
        return id == std::thread::id{} || id == std::this_thread::get_id();
    }

 private:
    std::atomic<std::thread::id> id_{};
};

}  // namespace carillon::base
