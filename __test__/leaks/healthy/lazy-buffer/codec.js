'use strict';

let room = Buffer.alloc(17 * 1024 * 1024);

exports.encode = (text) => {
  if (text.length > room.length) room = Buffer.alloc(text.length);
  const length = room.write(text);
  return room.toString('base64', 0, length);
};
