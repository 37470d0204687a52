// A bit of everything, through the installed headers and library alone, in a program that uses a Boost of its own.
#include <boost/version.hpp>
#include <iostream>

#include "readings.h"

static_assert(BOOST_VERSION == 199900, "this is not the program's own Boost");

struct Veto {
    carillon::Verdict on_publish(carillon::PublishEvent& event) {
        const auto* reading = event.get_if<Reading>();
        if (reading != nullptr && reading->celsius > 90)
            return carillon::Verdict::refuse("too hot");
        return carillon::Verdict::pass();
    }
};

static bool expect(bool so, const char* what) {
    if (!so) std::cerr << "not so: " << what << '\n';
    return so;
}

int main() {
    auto started = carillon::Builder().with(Veto{}, "sensor/#").start();
    if (!started) return 1;
    auto broker = *started;

    double sum = 0;
    auto function =
        broker.subscribe("sensor/+/temperature", [&](const Reading& r) { sum += r.celsius; });
    auto coroutine = broker.subscribe("sensor/#", [&](const Reading& r) -> carillon::Task<> {
        co_await broker.sleep(std::chrono::milliseconds(1));
        sum += r.celsius;
    });
    auto stream = broker.stream<carillon::Raw>("sensor/#", {.group = "log"});

    bool good = expect(measure(broker, 20).has_value(), "it was published");
    const auto hot = measure(broker, 100);
    good &= expect(!hot && hot.error().kind == carillon::ErrorKind::forbidden, "the hook refused");
    good &= expect(broker.drain(), "all of it was heard");
    good &= expect(sum == 40, "both heard the one that was not refused");
    const auto raw = stream.wait();
    good &= expect(raw && carillon::decode<Reading>((*raw)->body, (*raw)->encoding)->celsius == 20,
                   "the bytes say the same");
    broker.stop();
    if (good) std::cout << "downstream: all is well\n";
    return good ? 0 : 1;
}
