import http from 'node:http'
import pg from 'pg'

const version = '1'
const database = new pg.Pool({ connectionString: process.env.DATABASE_URL })

const server = http.createServer(async (request, response) => {
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  if (request.url === '/health') return response.end('ok\n')
  try {
    const { rows } = await database.query('SELECT text FROM greeting ORDER BY random() LIMIT 1')
    response.end(`${rows[0]?.text ?? 'Hello'} from version ${version}\n`)
  } catch (error) {
    console.error(error.message)
    response.writeHead(503).end('The database does not answer.\n')
  }
})

server.listen(8080, () => console.log(`hello-service ${version} listens on 8080`))
process.on('SIGTERM', () => server.close(() => database.end()))
