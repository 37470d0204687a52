// storage/file/io.h: the system calls a file journal makes, so that a test can let each of them fail, fall
// short, or be the last thing the process does. Knows nothing of journals.
//
// Every call answers what the system call answers, or -errno.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace carillon::storage::file {

using base::Error;
using base::ErrorKind;
using base::Result;

class Io {
 public:
    virtual ~Io() = default;
    virtual int open(const std::string& path, int flags) = 0;
    virtual int close(int fd) = 0;
    virtual std::int64_t pread(int fd, char* to, std::size_t bytes, std::uint64_t at) = 0;
    virtual std::int64_t pwrite(int fd, const char* from, std::size_t bytes, std::uint64_t at) = 0;
    virtual int fdatasync(int fd) = 0;
    virtual int ftruncate(int fd, std::uint64_t bytes) = 0;
    virtual std::int64_t size(int fd) = 0;
    virtual int rename(const std::string& from, const std::string& to) = 0;
    virtual int unlink(const std::string& path) = 0;
    virtual int sync_directory(const std::string& path) = 0;
    virtual int make_directory(
        const std::string& path) = 0;  // also those above it; there already: 0
    virtual int list(const std::string& path, std::vector<std::string>& names) = 0;
    virtual int lock(int fd) = 0;    // until it is closed; does not wait: -EAGAIN, somebody has it
    virtual int locked(int fd) = 0;  // 1: somebody has it; takes nothing

    static Io& real();  // the system's; any thread
};

// "cannot write /path: No space left on device".
Error io_error(std::string_view doing, const std::string& path, std::int64_t negative_errno);

// An open file; closed with its last holder.
class File {
 public:
    // `open_count`: one more while it lives; may be null.
    static Result<std::shared_ptr<File>> open(Io& io, const std::string& path, int flags,
                                              std::atomic<std::uint32_t>* open_count);
    File(Io& io, std::string path, int fd, std::atomic<std::uint32_t>* open_count);
    ~File();
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    int fd() const { return fd_; }
    const std::string& path() const { return path_; }
    Result<std::uint64_t> size() const;
    // All of it, or an Error. How much was written then is not known.
    Result<void> write(std::string_view bytes, std::uint64_t at) const;
    // As much as there is, up to `bytes`.
    Result<std::size_t> read(char* to, std::size_t bytes, std::uint64_t at) const;
    Result<void> sync() const;
    Result<void> truncate(std::uint64_t bytes) const;

 private:
    Io& io_;
    std::string path_;
    int fd_;
    std::atomic<std::uint32_t>* open_count_;
};

}  // namespace carillon::storage::file
