// examples/pipeline.cpp: new orders are priced, priced ones billed: each stage a coroutine, so that
// none keeps another waiting while it waits itself.
#include <carillon/carillon.h>

#include <iostream>
#include <stdexcept>

using namespace std::chrono_literals;

struct Order {
    int number = 0;
    std::string item;
    std::optional<int> cents{};
};
CARILLON_DESCRIBE(Order, number, item, cents)

// A stage that asks: it takes the next order when it is through with this one.
carillon::Task<> price(carillon::Broker& broker, carillon::Stream<Order> orders) {
    while (auto next = co_await orders.next()) {
        Order order = next->value();
        co_await broker.sleep(1ms);  // a look-up, somewhere
        order.cents = 100 * static_cast<int>(order.item.size());
        auto sent = co_await broker.publish_confirmed("orders/priced", std::move(order));
        if (!sent) co_return;
    }
}

int main() {
    carillon::Broker broker;
    auto bills = broker.stream<std::string>("orders/billed");

    // A stage that is called: the next order waits until its coroutine has come to the end.
    auto bill = broker.subscribe("orders/priced", [&](const Order& order) -> carillon::Task<> {
        co_await broker.sleep(1ms);  // a ledger, somewhere
        std::string text = order.item + " for " + std::to_string(order.cents.value_or(0));
        auto sent = co_await broker.publish_confirmed("orders/billed", std::move(text));
        if (!sent) throw std::runtime_error(sent.error().message);  // to the error sink
    });

    broker.spawn(price(broker, broker.stream<Order>("orders/new")));

    int number = 0;
    for (const char* item : {"rope", "clapper", "oil"}) {
        if (!broker.publish("orders/new", Order{++number, item})) return 1;
    }
    for (; number > 0; --number) std::cout << bills.wait()->value() << '\n';
    broker.stop();  // here, while what the coroutines refer to still stands
}
// Prints:
// rope for 400
// clapper for 700
// oil for 300
