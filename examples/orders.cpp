// examples/orders.cpp: a worker that may be killed at any moment. Orders are kept until they are done, tried again
// when something goes wrong, and billed once.
//
//   example_orders FOLDER    keeps them there: kill it whenever you like, and start it again
//   example_orders           in a folder of its own, which is gone afterwards
#include <carillon/carillon.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <stdexcept>

using namespace std::chrono_literals;

struct Order {
    int number = 0;
    std::string item;
};
struct Invoice {
    int order = 0;
    std::string text;
};
CARILLON_DESCRIBE(Order, number, item)
CARILLON_DESCRIBE(Invoice, order, text)

bool take_orders(carillon::Broker& broker) {
    const std::vector<Order> orders = {{1, "rope"}, {2, "oil"}, {3, "clapper"}};
    for (const auto& order : orders) {
        // Who numbers what he publishes may do it again after a crash: it is there once.
        const carillon::Once once{.publisher = 4711,
                                  .sequence = static_cast<std::uint64_t>(order.number)};
        const auto taken = broker.publish("orders", order, once);
        if (!taken) return std::cerr << taken.error().message << '\n', false;
        std::cout << (taken->duplicate ? "known: " : "new: ") << order.item << '\n';
    }
    return true;
}

void work(const carillon::Delivery<Order>& order) {
    std::cout << order->item << ", try " << order.deliveries() << '\n';
    if (order->item == "oil" && order.deliveries() < 3) throw std::runtime_error("no oil in stock");
    // With the order, or not at all: if this throws or is killed, there is no invoice yet.
    auto billed = order.publish("invoices", Invoice{order->number, "one " + order->item});
    if (!billed) throw std::runtime_error(billed.error().message);
}

bool run(const std::string& folder) {
    auto started =
        carillon::Builder()
            .with(carillon::FileJournal{.path = folder, .topics = {"orders", "invoices"}})
            .with([](const carillon::Error& e) { std::cout << "  " << e.message << '\n'; })
            .start();
    if (!started) return std::cerr << started.error().message << '\n', false;
    auto broker = *started;
    if (!take_orders(broker)) return false;

    auto worker = broker.subscribe("orders", work,
                                   {.name = "workshop",
                                    .guarantee = carillon::Guarantee::exactly_once,
                                    .redelivery = {.first = 10ms}});
    auto invoices = broker.stream<Invoice>("invoices", {.from = carillon::From::beginning()});
    std::string all;
    for (int n = 1; n <= 3; ++n) {
        const auto invoice = invoices.wait()->value();
        all += "invoice " + std::to_string(invoice.order) + ": " + invoice.text + '\n';
    }
    std::cout << all;
    return true;
}

int main(int argc, char** argv) {
    if (argc > 1) return run(argv[1]) ? 0 : 1;
    const auto folder =
        std::filesystem::temp_directory_path() / ("orders-" + std::to_string(::getpid()));
    const bool well = run(folder);
    std::filesystem::remove_all(folder);
    return well ? 0 : 1;
}
// Prints:
// new: rope
// new: oil
// new: clapper
// rope, try 1
// oil, try 1
//   orders: no oil in stock
// oil, try 2
//   orders: no oil in stock
// oil, try 3
// clapper, try 1
// invoice 1: one rope
// invoice 2: one oil
// invoice 3: one clapper
