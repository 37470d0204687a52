#include "storage/file/io.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace carillon::storage::file {

namespace {

template <class Call>
auto call(Call system_call) -> decltype(system_call()) {
    for (;;) {
        const auto answer = system_call();
        if (answer >= 0) return answer;
        if (errno != EINTR) return -errno;
    }
}

class RealIo final : public Io {
 public:
    int open(const std::string& path, int flags) override {
        return call([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0640); });
    }
    int close(int fd) override { return ::close(fd) < 0 ? -errno : 0; }
    std::int64_t pread(int fd, char* to, std::size_t bytes, std::uint64_t at) override {
        return call([&] { return ::pread(fd, to, bytes, static_cast<off_t>(at)); });
    }
    std::int64_t pwrite(int fd, const char* from, std::size_t bytes, std::uint64_t at) override {
        return call([&] { return ::pwrite(fd, from, bytes, static_cast<off_t>(at)); });
    }
    int fdatasync(int fd) override {
        // Not called again when it was interrupted or failed: the kernel may have dropped the pages.
        return ::fdatasync(fd) < 0 ? -errno : 0;
    }
    int ftruncate(int fd, std::uint64_t bytes) override {
        return call([&] { return ::ftruncate(fd, static_cast<off_t>(bytes)); });
    }
    std::int64_t size(int fd) override {
        struct stat found{};
        return ::fstat(fd, &found) < 0 ? -errno : found.st_size;
    }
    int rename(const std::string& from, const std::string& to) override {
        return ::rename(from.c_str(), to.c_str()) < 0 ? -errno : 0;
    }
    int unlink(const std::string& path) override { return ::unlink(path.c_str()) < 0 ? -errno : 0; }
    int sync_directory(const std::string& path) override {
        const int fd = open(path, O_RDONLY | O_DIRECTORY);
        if (fd < 0) return fd;
        const int answer = ::fsync(fd) < 0 ? -errno : 0;
        ::close(fd);
        return answer;
    }
    int make_directory(const std::string& path) override {
        for (auto slash = path.find('/', 1); slash != path.npos; slash = path.find('/', slash + 1))
            ::mkdir(path.substr(0, slash).c_str(), 0750);
        return ::mkdir(path.c_str(), 0750) < 0 && errno != EEXIST ? -errno : 0;
    }
    int list(const std::string& path, std::vector<std::string>& names) override {
        DIR* directory = ::opendir(path.c_str());
        if (directory == nullptr) return -errno;
        errno = 0;
        while (const auto* entry = ::readdir(directory)) names.emplace_back(entry->d_name);
        const int answer = -errno;
        ::closedir(directory);
        return answer;
    }
    // Locks of the open file: unlike flock's, one can see them without taking them.
    int lock(int fd) override {
        struct flock all = whole_file();
        return call([&] { return ::fcntl(fd, F_OFD_SETLK, &all); });
    }
    int locked(int fd) override {
        struct flock all = whole_file();
        const int answer = call([&] { return ::fcntl(fd, F_OFD_GETLK, &all); });
        return answer < 0 ? answer : (all.l_type == F_UNLCK ? 0 : 1);
    }

 private:
    static struct flock whole_file() {
        struct flock all{};
        all.l_type = F_WRLCK;
        all.l_whence = SEEK_SET;
        return all;
    }
};

}  // namespace

Io& Io::real() {
    static RealIo io;
    return io;
}

Error io_error(std::string_view doing, const std::string& path, std::int64_t negative_errno) {
    return {ErrorKind::io, "cannot " + std::string(doing) + " " + path + ": " +
                               std::generic_category().message(static_cast<int>(-negative_errno))};
}

File::File(Io& io, std::string path, int fd, std::atomic<std::uint32_t>* open_count)
    : io_(io), path_(std::move(path)), fd_(fd), open_count_(open_count) {
    if (open_count_ != nullptr) open_count_->fetch_add(1, std::memory_order_relaxed);
}

File::~File() {
    io_.close(fd_);
    if (open_count_ != nullptr) open_count_->fetch_sub(1, std::memory_order_relaxed);
}

Result<std::shared_ptr<File>> File::open(Io& io, const std::string& path, int flags,
                                         std::atomic<std::uint32_t>* open_count) {
    const int fd = io.open(path, flags);
    if (fd < 0) return io_error("open", path, fd);
    return std::make_shared<File>(io, path, fd, open_count);
}

Result<std::uint64_t> File::size() const {
    const auto bytes = io_.size(fd_);
    if (bytes < 0) return io_error("look at", path_, bytes);
    return static_cast<std::uint64_t>(bytes);
}

Result<void> File::write(std::string_view bytes, std::uint64_t at) const {
    while (!bytes.empty()) {
        const auto done = io_.pwrite(fd_, bytes.data(), bytes.size(), at);
        if (done < 0) return io_error("write", path_, done);
        if (done == 0) return io_error("write", path_, -ENOSPC);
        bytes.remove_prefix(static_cast<std::size_t>(done));
        at += static_cast<std::uint64_t>(done);
    }
    return {};
}

Result<std::size_t> File::read(char* to, std::size_t bytes, std::uint64_t at) const {
    std::size_t done = 0;
    while (done < bytes) {
        const auto more = io_.pread(fd_, to + done, bytes - done, at + done);
        if (more < 0) return io_error("read", path_, more);
        if (more == 0) break;
        done += static_cast<std::size_t>(more);
    }
    return done;
}

Result<void> File::sync() const {
    const int answer = io_.fdatasync(fd_);
    if (answer < 0) return io_error("sync", path_, answer);
    return {};
}

Result<void> File::truncate(std::uint64_t bytes) const {
    const int answer = io_.ftruncate(fd_, bytes);
    if (answer < 0) return io_error("truncate", path_, answer);
    return {};
}

}  // namespace carillon::storage::file
