// examples/workers.cpp: a queue group. Each job is done by one worker, whoever's turn it is.
#include <carillon/carillon.h>

#include <array>
#include <iostream>
#include <set>
#include <thread>

struct Job {
    int number = 0;
};
struct Done {
    int number = 0;
    int square = 0;
};
CARILLON_DESCRIBE(Job, number)
CARILLON_DESCRIBE(Done, number, square)

// A job may take its time, so a worker has a thread of its own and a stream that it asks.
void work(carillon::Broker broker, carillon::Stream<Job> jobs) {
    while (auto job = jobs.wait()) {
        const int number = job->value().number;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        if (!broker.publish("done", Done{number, number * number})) return;
    }
}

int main() {
    carillon::Broker broker;
    auto results = broker.stream<Done>("done");

    std::array<std::jthread, 4> workers;
    for (auto& worker : workers) {
        worker = std::jthread(work, broker, broker.stream<Job>("jobs", {.group = "workers"}));
    }

    for (int number = 1; number <= 100; ++number) {
        if (!broker.publish("jobs", Job{number})) return 1;
    }
    std::set<int> done;
    long sum = 0;
    for (int i = 0; i < 100; ++i) {
        const auto result = results.wait();
        done.insert(result->value().number);
        sum += result->value().square;
    }
    std::cout << done.size() << " jobs done, the squares add up to " << sum << '\n';
    broker.stop();  // ends the streams, so that the workers go home
}
// Prints:
// 100 jobs done, the squares add up to 338350
