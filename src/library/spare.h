// library/spare.h: room that a thread keeps between messages: lent to one user at a time. Who asks
// while it is out (a validate() that decodes) gets new room, and of two that come back one is kept.
#pragma once

#include <memory>

namespace carillon::library {

// How much may stay with a thread, in all rooms of one kind together.
inline constexpr std::size_t kept_bytes_max = 256UL * 1024;

template <class T>
class Spare {
 public:
    static T* take() {
        auto& spare = of_thread();
        return spare == nullptr ? new T : spare.release();
    }
    // A T knows how large it has become: bytes().
    static void give_back(T* room) {
        auto& spare = of_thread();
        if (spare == nullptr && room->bytes() <= kept_bytes_max) {
            spare.reset(room);
        } else {
            delete room;
        }
    }

 private:
    static std::unique_ptr<T>& of_thread() {
        thread_local std::unique_ptr<T> spare;
        return spare;
    }
};

}  // namespace carillon::library
