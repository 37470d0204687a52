// base/adaptive_mutex.h: a mutex for what is held for some nanoseconds, thousands of times a
// millisecond: whoever finds it taken looks again for a while before it sleeps, for to be put to sleep
// and woken costs a hundred times what is waited for. glibc's, which std::mutex does not offer.
#pragma once

#include <pthread.h>

namespace carillon::base {

class AdaptiveMutex {
 public:
    AdaptiveMutex() = default;
    AdaptiveMutex(const AdaptiveMutex&) = delete;
    AdaptiveMutex& operator=(const AdaptiveMutex&) = delete;
    ~AdaptiveMutex() { pthread_mutex_destroy(&mutex_); }
    void lock() { pthread_mutex_lock(&mutex_); }
    void unlock() { pthread_mutex_unlock(&mutex_); }

 private:
    pthread_mutex_t mutex_ = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
};

}  // namespace carillon::base
