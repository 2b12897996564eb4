// SPDX-License-Identifier: Apache-2.0
#include "proxy/stream.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>

#include "proxy/gather.h"
#include "proxy/inbox.h"

namespace elb::proxy {
namespace {

class StreamTest : public testing::Test {
 protected:
  StreamTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    ours_ = std::make_unique<Stream>(Fd(ends[0]));
    theirs_.reset(ends[1]);
  }
  std::string drain() {
    std::string all;
    std::array<char, 65536> room;
    for (ssize_t count = 0; (count = recv(theirs_.get(), room.data(), room.size(), 0)) > 0;)
      all.append(room.data(), static_cast<size_t>(count));
    return all;
  }
  std::unique_ptr<Stream> ours_;
  Fd theirs_;
};

TEST_F(StreamTest, what_the_peer_does_not_take_is_kept_and_sent_later) {
  const std::string head = "head:";
  const std::string body(2'000'000, 'b');
  const std::array<std::string_view, 3> pieces{head, "", body};
  ASSERT_TRUE(ours_->write(pieces));
  ASSERT_TRUE(ours_->has_unsent());
  EXPECT_EQ(ours_->written() + ours_->unsent(), head.size() + body.size());
  ASSERT_TRUE(ours_->write("tail"));
  ours_->end_writing();
  EXPECT_FALSE(ours_->ended_writing());
  std::string got;
  while (ours_->has_unsent()) {
    got += drain();
    ASSERT_TRUE(ours_->flush());
  }
  got += drain();
  EXPECT_TRUE(got == head + body + "tail");
  EXPECT_TRUE(ours_->ended_writing());
  char byte = 0;
  EXPECT_EQ(recv(theirs_.get(), &byte, 1, 0), 0);
}

TEST_F(StreamTest, a_short_read_says_that_nothing_is_left_unless_the_end_is_near) {
  std::array<char, 100> room;
  ASSERT_EQ(send(theirs_.get(), "abc", 3, 0), 3);
  EXPECT_TRUE(ours_->readable());
  EXPECT_EQ(ours_->read(room).bytes, 3U);
  EXPECT_FALSE(ours_->readable());
  ASSERT_EQ(send(theirs_.get(), "def", 3, 0), 3);
  shutdown(theirs_.get(), SHUT_WR);
  ours_->note(EPOLLIN | EPOLLRDHUP);
  EXPECT_EQ(ours_->read(room).bytes, 3U);
  ASSERT_TRUE(ours_->readable());
  EXPECT_EQ(ours_->read(room).got, Got::kEnd);
}

TEST_F(StreamTest, a_peer_that_is_gone_is_told_and_its_last_words_can_be_read) {
  ASSERT_EQ(send(theirs_.get(), "bye", 3, 0), 3);
  theirs_.reset();
  EXPECT_FALSE(ours_->write("x"));
  EXPECT_TRUE(ours_->gone());
  ASSERT_TRUE(ours_->readable());
  std::array<char, 100> room;
  EXPECT_EQ(ours_->read(room).bytes, 3U);
}

TEST(InboxTest, keeps_what_was_not_used_in_order) {
  std::string buffer = "abcdef";
  Inbox inbox;
  inbox.append(buffer);
  inbox.consume(2);
  inbox.save();
  buffer = "XXXXXX";
  EXPECT_EQ(inbox.view(), "cdef");
  inbox.append("gh");
  EXPECT_EQ(inbox.view(), "cdefgh");
  inbox.consume(5);
  inbox.save();
  EXPECT_EQ(inbox.view(), "h");
  inbox.append("ijk");
  EXPECT_EQ(inbox.view(), "hijk");
  inbox.consume(4);
  EXPECT_TRUE(inbox.empty());
  inbox.save();
  inbox.append("again");
  EXPECT_EQ(inbox.view(), "again");
  inbox.clear();
  EXPECT_TRUE(inbox.empty());
}

TEST(GatherTest, small_pieces_become_one_and_large_ones_stay_where_they_are) {
  std::array<char, 4 * Gather::kReserve> memory;
  Gather gather(memory);
  gather.copy("head");
  gather.refer("small");
  const std::string large(Gather::kCopied + 1, 'x');
  gather.refer(large);
  gather.copy("end");
  ASSERT_EQ(gather.pieces().size(), 3U);
  EXPECT_EQ(gather.pieces()[0], "headsmall");
  EXPECT_EQ(gather.pieces()[1].data(), large.data());
  EXPECT_EQ(gather.pieces()[2], "end");
  EXPECT_EQ(gather.bytes(), 9 + large.size() + 3);
  while (!gather.full()) {
    gather.refer(large);
    gather.copy("y");
  }
  EXPECT_LE(gather.pieces().size(), Gather::kPieces);
}

}  // namespace
}  // namespace elb::proxy
