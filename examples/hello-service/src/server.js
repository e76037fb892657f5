import http from 'node:http'

const version = '1'

const server = http.createServer((request, response) => {
  const healthy = request.url === '/health'
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(healthy ? 'ok\n' : `Hello from version ${version}\n`)
})

server.listen(8080, () => console.log(`hello-service ${version} listens on 8080`))
process.on('SIGTERM', () => server.close(() => process.exit(0)))
